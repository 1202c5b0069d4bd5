import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, listen } from '../attacks/egress-world.ts';
import { newFolder, root, runCommand } from './start-gateway.ts';

/** `chaperone cred`, as an operator types it, with an issuer that takes some values and not others. */

const good = new Set(['plum-otter-first', 'plum-otter-second']);
const issuer = createServer((request, response) => {
  const value = String(request.headers['x-api-key']);
  response.writeHead(good.has(value) ? 204 : 401).end();
});
let folder: string;
let dispose: () => Promise<void>;

beforeAll(async () => {
  const port = await listen(issuer);
  ({ folder, dispose } = await newFolder(`version: 1
data: data
credentials:
  one: { hosts: [api.test], canary: { url: "http://127.0.0.1:${port}/", header: X-Api-Key, prefix: "" } }
  two: { hosts: [api.test] }
egress:
  allow:
    - { host: api.test, inspect: true }
`));
});
afterAll(async () => {
  await closeServer(issuer);
  await dispose();
});

function pipe(args: readonly string[], value: string) {
  const main = join(root, 'src', 'cli', 'main.ts');
  const child = spawn(process.execPath, ['--no-warnings', main, ...args], { cwd: folder });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  child.stdin.end(`${value}\n`);
  return new Promise<{ code: number | null; said: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, said })),
  );
}

async function list() {
  const { stdout } = await runCommand(folder, ['cred', 'list', '--json']);
  const { credentials } = JSON.parse(stdout) as {
    credentials: { name: string; kept: boolean; changedAtMs?: number }[];
  };
  return new Map(credentials.map((one) => [one.name, one]));
}

describe('chaperone cred', () => {
  it('keeps a value, replaces it by one that works, stays with it where another does not, and throws it away', async () => {
    expect((await list()).get('one')?.kept).toBe(false);
    expect((await pipe(['cred', 'add', 'one'], 'plum-otter-first')).code).toBe(0);
    const again = await pipe(['cred', 'add', 'one'], 'plum-otter-second');
    expect(again).toMatchObject({ code: 2, said: expect.stringContaining('chaperone cred rotate one') });

    const first = (await list()).get('one');
    const bad = await pipe(['cred', 'rotate', 'one', '--drain', '0s'], 'plum-otter-wrong');
    expect(bad.code).not.toBe(0);
    expect(bad.said).toContain('the old one stays');
    expect((await list()).get('one')).toEqual(first);

    const rotated = await pipe(['cred', 'rotate', 'one', '--drain', '0s'], 'plum-otter-second');
    expect(rotated.code, rotated.said).toBe(0);
    expect(rotated.said).toMatch(/created[\s\S]*tried[\s\S]*switched[\s\S]*drained[\s\S]*revoked/);
    expect((await list()).get('one')?.changedAtMs).toBeGreaterThan(first?.changedAtMs ?? 0);

    await pipe(['cred', 'add', 'two'], 'plum-otter-other');
    const blind = await pipe(['cred', 'rotate', 'two'], 'plum-otter-next');
    expect(blind).toMatchObject({ code: 2, said: expect.stringContaining('--no-canary') });

    expect((await pipe(['cred', 'revoke', 'one'], '')).code).toBe(0);
    expect((await list()).get('one')?.kept).toBe(false);
    expect((await pipe(['cred', 'revoke', 'one'], '')).said).toContain('E_NOT_FOUND');
    for (const { said } of [again, bad, rotated, blind]) expect(said).not.toContain('plum-otter');
  });
});
