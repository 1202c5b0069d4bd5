import { describe, expect, it } from 'vitest';
import { parseLaunch } from './parse-launch.ts';

const fs = '@modelcontextprotocol/server-filesystem';

describe('parseLaunch', () => {
  it.each([
    ['npx', ['-y', fs, '/data'], { name: fs, args: ['/data'] }],
    ['/usr/bin/npx', [`${fs}@1.2.3`, '-v'], { name: fs, range: '1.2.3', args: ['-v'] }],
    ['npx.cmd', ['--yes', 'pkg@latest'], { name: 'pkg', range: 'latest', args: [] }],
    ['cmd', ['/c', 'npx', '-y', 'pkg', 'a'], { name: 'pkg', args: ['a'] }],
    ['npx', ['-y', '-p', 'pkg@2', 'run-it', 'x'], { name: 'pkg', range: '2', bin: 'run-it', args: ['x'] }],
    ['npx', ['--package=pkg', 'run-it'], { name: 'pkg', bin: 'run-it', args: [] }],
    ['pnpm', ['dlx', 'pkg'], { name: 'pkg', args: [] }],
    ['npm', ['exec', '--', 'pkg', 'a'], { name: 'pkg', args: ['a'] }],
  ])('%s %j is a package', (command, args, launch) => {
    expect(parseLaunch(command, args)).toEqual({ kind: 'package', launch });
  });

  it.each([
    ['npx', ['--node-options=x', 'pkg']],
    ['npx', ['-y', 'github:owner/repo']],
    ['npx', ['-y', './folder']],
    ['npx', []],
    ['npx', ['-p', 'a', '-p', 'b', 'run']],
    ['npx', ['-p', 'a']],
    ['uvx', ['mcp-server-git']],
    ['docker', ['run', '-i', 'mcp/fetch']],
  ])('%s %j is fetched anew at each start', (command, args) => {
    expect(parseLaunch(command, args).kind).toBe('fetched');
  });

  it.each([
    ['node', ['server.js']],
    ['/opt/npx-like/tool', []],
    ['docker', ['run', '-i', `mcp/fetch@sha256:${'0'.repeat(64)}`]],
  ])('%s %j is a program on this machine', (command, args) => {
    expect(parseLaunch(command, args)).toEqual({ kind: 'program' });
  });
});
