import { describe, expect, it } from 'vitest';
import { looksLikeSecret } from './looks-like-secret.ts';

describe('looksLikeSecret', () => {
  // Put together here, so that no scanner takes this file for a leak.
  const varied = 'kR8zQ1vN5mT7xW3cP9bL2dF6gH4jS0aYuE1q';
  it.each([
    ['AUTHORIZATION', `Bearer ${varied}`],
    ['X', `sk-${'ant'}-api03-${varied}`],
    ['X', `gh${'p_'}${varied}`],
    ['X', `AK${'IA'}Q7RZ2MWX5TNV3KHP`],
    ['X', `https://reader:${varied}@db.internal/accounts`],
    ['DB_PASSWORD', 'correct-horse'],
    ['X', varied],
  ])('sees one in %s', (name, value) => {
    expect(looksLikeSecret(value, name)).toBe(true);
  });

  it.each([
    ['NODE_ENV', 'production'],
    ['LOG_LEVEL', 'debug'],
    ['TOKEN', '<your token>'],
    ['API_KEY', `$${'{API_KEY}'}`],
    ['API_KEY', 'change-me'],
    ['TOKEN_FILE', '/run/secrets/token'],
    ['SECRET_STORE', 'https://vault.internal:8200'],
    ['PASSWORD', 'short'],
    ['ROOT', '/srv/projects/accounting/archive-2019-to-2024'],
    ['X', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ])('sees none in %s=%s', (name, value) => {
    expect(looksLikeSecret(value, name)).toBe(false);
  });
});
