import { expect, it } from 'vitest';
import { type ChainedCall, findCallChains } from './find-call-chains.ts';

const call = (tool: string, args: ChainedCall['arguments']): ChainedCall => ({ tool, arguments: args });

it.each<[string, readonly ChainedCall[], readonly unknown[]]>([
  [
    'a variable read, then anything sent',
    [call('getEnv', { name: 'DATABASE_URL' }), call('http_post', { url: 'https://x.example' })],
    [{ kind: 'read-then-send', calls: [0, 1] }],
  ],
  [
    'a key read by a command, then a mail',
    [call('shell', { cmd: 'cat ~/.ssh/id_rsa' }), call('wait', {}), call('send_email', { to: 'a@b.example' })],
    [{ kind: 'read-then-send', calls: [0, 2] }],
  ],
  [
    'a file written, then run',
    [call('write_file', { path: '/tmp/up.sh', content: 'echo hi' }), call('exec', { command: 'sh /tmp/up.sh' })],
    [{ kind: 'write-then-run', calls: [0, 1] }],
  ],
  [
    'folders searched, then credentials read',
    [call('list_directory', { path: '/home' }), call('read_file', { path: '/home/a/.aws/credentials' })],
    [{ kind: 'search-then-read-credentials', calls: [0, 1] }],
  ],
  [
    'made to stay, then connected',
    [
      call('write_file', { path: '/etc/cron.d/x', content: '* * * * * root true' }),
      call('fetch', { url: 'https://x.example' }),
    ],
    [{ kind: 'stay-then-connect', calls: [0, 1] }],
  ],
  [
    'sent before anything was read',
    [call('http_post', { url: 'https://x.example' }), call('getEnv', { name: 'DATABASE_URL' })],
    [],
  ],
  [
    'a file written, another one run',
    [call('write_file', { path: '/tmp/notes.txt', content: 'x' }), call('exec', { command: 'npm test' })],
    [],
  ],
  [
    'work of every day',
    [
      call('list_files', { path: 'src' }),
      call('read_file', { path: 'src/main.ts' }),
      call('write_file', { path: 'src/main.ts', content: 'x' }),
      call('search_web', { query: 'node streams' }),
    ],
    [],
  ],
  ['nothing', [], []],
])('%s', (_name, calls, chains) => {
  expect(findCallChains(calls)).toEqual(chains);
});
