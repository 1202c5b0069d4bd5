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
    ['DB', 'hunter2'],
    ['LINEAR', 'lin_api_Abc9XkQ2'],
    ['PG', 'correct horse battery'],
    ['SLACK_BOT', 'xapp-1-A0'],
    ['ROOT_PW', 'abc'],
    ['GH_PAT', 'abcdef'],
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
    ['MODEL', 'gpt-4o-mini'],
    ['DB_NAME', 'inventory2'],
    ['DATABASE', 'postgres'],
    ['NODE_ENV', 'production'],
    ['PGUSER', 'app1'],
    ['ENCODING', 'utf8'],
    ['CLUSTER', 'eu-west-1'],
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
    'Server=db.local;User Id=sa;Password=hunter2!',
    'host=db user=me password=hunter2',
    'redis://:hunter2@h:6379/0',
    '--dsn=postgres://u:p@h/d',
    '-phunter2',
    '-psecret',
    'Bearer abcd1234',
    'X-Api: abcd1234efgh',
    'https://hooks.example/api/mcp/s/NWZkYjU4MjctNmM0Yi00/mcp',
    'https://user@h/x',
    'xapp-1-A0-123',
    'SG.abcdefghij.klmnop',
    '{"apiKey":"abc"}',
  ])('%s does', (text) => {
    expect(carriesSecret(text)).toBe(true);
  });

  it.each([
    '-y',
    '@modelcontextprotocol/server-filesystem',
    '/home/ada/a-rather-long-folder-name-indeed/src',
    'https://mcp.example/mcp',
    '--port=8080',
    '-port',
    '-p8080',
    '-p./src',
    '-print',
    'node_modules/.bin/server',
    '--log-level=debug',
    'host=db port=5432',
    'ssh://git@host/repo',
    'postgres://db.internal/app',
    'C:\\Users\\Ada\\server.js',
    'list the basic commands',
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
