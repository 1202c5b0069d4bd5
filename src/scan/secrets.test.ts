import { describe, expect, it } from 'vitest';
import { secrets } from './secrets.ts';

/** Letters and digits as a generator would draw them. Keys are put together here so that no file holds a whole one. */
const drawn = (length: number) =>
  'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6lM9oP2rS5uV8xY1zA4cD7fG0i'.repeat(8).slice(0, length);
const upper = (length: number) => 'Q7X3MPL5RTW2KDNZ6VBH4CJF'.slice(0, length);
const base64url = (value: object) =>
  btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const token = `${base64url({ alg: 'EdDSA', typ: 'JWT' })}.${base64url({ sub: 'ann', exp: 1 })}.${drawn(86)}`;
const pem = (label: string, body: string, end = true) =>
  `-----BEGIN ${label}-----\n${body}${end ? `\n-----END ${label}-----` : ''}`;
const rows = [drawn(64), drawn(64), `${drawn(20)}==`].join('\n');

describe('secrets finds', () => {
  it.each<[string, string]>([
    ['aws-access-key-id', `AKIA${upper(16)}`],
    ['aws-access-key-id', `ASIA${upper(16)}`],
    ['github-token', `ghp_${drawn(36)}`],
    ['github-token', `ghs_${drawn(36)}`],
    ['github-token', `github_pat_${drawn(22)}_${drawn(59)}`],
    ['gitlab-token', `glpat-${drawn(20)}`],
    ['slack-token', `xoxb-123456789012-1234567890123-${drawn(24)}`],
    ['slack-token', `xapp-1-A012B3C4D5E-1234567890123-${drawn(40)}`],
    ['stripe-key', `sk_live_${drawn(24)}`],
    ['stripe-key', `whsec_${drawn(32)}`],
    ['google-api-key', `AIza${drawn(35)}`],
    ['google-oauth-secret', `GOCSPX-${drawn(28)}`],
    ['anthropic-key', `sk-ant-api03-${drawn(93)}AA`],
    ['openai-key', `sk-proj-${drawn(74)}`],
    ['openai-key', `sk-${drawn(20)}T3BlbkFJ${drawn(20)}`],
    ['npm-token', `npm_${drawn(36)}`],
    ['pypi-token', `pypi-AgEIcHlwaS5vcmc${drawn(60)}`],
    ['sendgrid-key', `SG.${drawn(22)}.${drawn(43)}`],
    ['json-web-token', token],
    ['private-key', pem('PRIVATE KEY', rows)],
    ['private-key', pem('RSA PRIVATE KEY', `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${upper(16)}\n\n${rows}`)],
    ['private-key', pem('OPENSSH PRIVATE KEY', rows, false)],
    ['private-key', pem('EC PRIVATE KEY', rows).replaceAll('\n', '\\n')],
  ])('%s: the whole of it and nothing else', (kind, secret) => {
    for (const [before, after] of [
      ['', ''],
      ['key = "', '"\n'],
      ['See (', '), thanks.'],
      ['ключ ', ' 鍵'],
    ] as const) {
      expect(secrets.detect(before + secret + after)).toEqual([
        expect.objectContaining({ kind, start: before.length, end: before.length + secret.length }),
      ]);
    }
  });

  it.each<[string, string, string, string]>([
    ['aws-secret-access-key', 'aws_secret_access_key = ', `${drawn(38)}+/`, '\n'],
    ['aws-secret-access-key', '{"SecretAccessKey": "', drawn(40), '"}'],
    ['slack-webhook', 'https://hooks.slack.com/services/', `T01ABCDEF/B02GHIJKL/${drawn(24)}`, ' '],
    ['url-password', 'postgres://app:', 'h4rd-t0-guess', '@db.internal:5432/app'],
  ])('%s: the part that is secret', (kind, before, secret, after) => {
    const found = secrets.detect(before + secret + after);
    expect(found).toEqual([
      expect.objectContaining({ kind, start: before.length, end: before.length + secret.length }),
    ]);
  });

  it('all of several', () => {
    const text = `ghp_${drawn(36)} ghp_${drawn(36)} AKIA${upper(16)}`;
    expect(secrets.detect(text)).toHaveLength(3);
    expect(secrets.detect(text.replaceAll(' ', ''))).toHaveLength(2); // the last letters run on from the second
  });
});

describe('secrets leaves alone', () => {
  it.each([
    ['AKIAIOSFODNN7EXAMPLE'],
    [`XAKIA${upper(16)}`],
    [`AKIA${upper(10)}`],
    [`ghp_${'x'.repeat(36)}`],
    ['ghp_your_token_here'],
    ['sk-'],
    ['task-force-sk-12'],
    ['the risk-adjusted return of the sk-ant-project'],
    ['sk_live_xxxxxxxxxxxxxxxxxxxxxxxx'],
    ['xoxb-your-token-goes-here-please'],
    ['npm_config_registry'],
    ['eyJhbGciOiJub3QganNvbiBhdCBhbGwiCg.eyJhbGciOiJub3.x'],
    ['-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----'],
    ['-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END CERTIFICATE-----'],
    ['the line -----BEGIN PRIVATE KEY----- starts a key'],
    ['https://user:password@example.com/'],
    ['https://example.com:8443/a@b'],
    ['postgres://app:\u0024{PASSWORD}@db/app'],
    ['sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    ['550e8400-e29b-41d4-a716-446655440000'],
  ])('%s', (text) => {
    expect(secrets.detect(text)).toEqual([]);
  });
});

it('takes time linear in the text, whatever stands in it', () => {
  const pieces = [
    'AKIA',
    'sk-',
    'ghp_',
    'gl',
    'glpat-',
    'xoxb-',
    'eyJhbGci',
    'eyJhbGci.eyJ',
    '://a:',
    'SG.',
    'ya29.',
    ' ',
    '-----BEGIN PRIVATE KEY-----',
    `-----BEGIN PRIVATE KEY-----${' '.repeat(15)}!`,
    '-----BEGIN ',
    'A1b2',
    'aws_secret_access_key',
  ];
  for (const piece of pieces) {
    const text = piece.repeat(Math.ceil(65_536 / piece.length));
    const before = performance.now();
    secrets.detect(text);
    expect(performance.now() - before, piece).toBeLessThan(1_500);
  }
});
