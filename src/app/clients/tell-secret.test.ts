import { describe, expect, it } from 'vitest';
import { announcesSecret, carriesSecret, isSecret } from './tell-secret.ts';

describe('isSecret', () => {
  it.each([
    ['GITHUB_TOKEN', 'abc'],
    ['Authorization', 'Basic x'],
    ['X-Api-Key', '1'],
    ['DATABASE_URL', 'postgres://app:hunter2@db/prod'],
    ['ENDPOINT', 'https://api.example/v1?api_key=1'],
    ['VALUE', 'ghp_ThisIsAnExampleAndNotARealToken00000'],
    ['VALUE', '8f14e45fceea167a5a36dedd4bea2543'],
    ['VALUE', 'correct horse battery staple, and a good deal more than that'],
    ['PIN', '1234'],
  ])('%s=%s is', (name, value) => {
    expect(isSecret(name, value)).toBe(true);
  });

  it.each([
    ['DEBUG', 'true'],
    ['PORT', '8080'],
    ['LOG_LEVEL', 'debug'],
    ['REGION', 'eu-west-1'],
    ['ROOT', '/home/ada/projects'],
    ['ROOT', 'C:\\Users\\Ada'],
    ['ENDPOINT', 'https://api.example/v1'],
    ['Accept', 'application/json'],
    ['API_TOKEN', ''],
  ])('%s=%s is not', (name, value) => {
    expect(isSecret(name, value)).toBe(false);
  });
});

describe('carriesSecret', () => {
  it.each([
    '--api-key=abc',
    'sk-live-1',
    'postgres://a:b@host/db',
    'https://mcp.example/?token=1',
    'a1B2c3D4e5F6a1B2c3D4e5F6x',
    'Authorization: Bearer x',
  ])('%s does', (text) => {
    expect(carriesSecret(text)).toBe(true);
  });

  it.each([
    '-y',
    '@modelcontextprotocol/server-filesystem',
    '/home/ada/a-rather-long-folder-name-indeed/src',
    'https://mcp.example/mcp',
    '--port=8080',
  ])('%s does not', (text) => {
    expect(carriesSecret(text)).toBe(false);
  });
});

describe('announcesSecret', () => {
  it.each([
    ['--token', true],
    ['--api-key', true],
    ['--root', false],
    ['token', false],
  ])('%s: %s', (argument, expected) => {
    expect(announcesSecret(argument)).toBe(expected);
  });
});
