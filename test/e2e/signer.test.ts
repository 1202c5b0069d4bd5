import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issueToken, main, newFolder, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';
import { until } from './telemetry/receivers.ts';

let folder: string;
let dispose: () => Promise<void>;
let signer: ChildProcess;
let gateway: RunningGateway;

/** Starts the process that has the keys, and waits until it serves. */
async function startSigner(): Promise<ChildProcess> {
  const args = [
    '--json',
    'signer',
    '--folder',
    'elsewhere/keys',
    '--socket',
    'signer.sock',
    '--origin',
    'e2e.example/log',
  ];
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function size(): Promise<number> {
  const { stdout, stderr, code } = await runCommand(folder, ['evidence', 'fsck', '--json']);
  if (code !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { size: number }).size;
}

/** A call that is refused, which makes events as any other. */
async function work(token: string): Promise<number> {
  const response = await fetch(`${gateway.origin}/v1/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tool: 'none/such', arguments: {} }),
  });
  await response.body?.cancel();
  return response.status;
}

beforeAll(async () => {
  ({ folder, dispose } = await newFolder(
    'version: 1\ndata: data\nledger: { signer: signer.sock, checkpointEvery: 50ms }\n',
  ));
  signer = await startSigner();
  gateway = await startGateway(folder);
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  signer.kill('SIGKILL');
  await dispose();
});

it('a gateway whose keys are in another process signs by it, goes on without it, and makes up what was missed', async () => {
  const agent = await issueToken(folder, 'agent', 'support');
  expect(await work(agent)).toBe(404);
  const before = await until('a checkpoint', async () => ((await size()) > 3 ? size() : undefined));

  signer.kill('SIGKILL');
  await once(signer, 'exit');
  for (let i = 0; i < 5; i++) expect(await work(agent), 'no call waits for it').toBe(404);
  await until('that it is told', () => (/the signer at .* does not answer/.test(gateway.stderr()) ? true : undefined));

  signer = await startSigner();
  await until('what was missed', async () => ((await size()) >= before + 5 ? true : undefined));
  const keys = (await runCommand(folder, ['evidence', 'keys'])).stdout.trim();
  expect(await runCommand(folder, ['evidence', 'verify', 'data/ledger', '--key', keys])).toMatchObject({ code: 0 });
  expect(await runCommand(folder, ['evidence', 'export', '--from', '2026-01-01', '--out', 'a.tar'])).toMatchObject({
    code: 0,
  });
  expect(await runCommand(folder, ['evidence', 'verify', 'a.tar', '--key', keys])).toMatchObject({ code: 0 });

  const secret = (await readFile(join(folder, 'elsewhere/keys/key-000001.private'), 'utf8')).trim().slice(-40);
  for (const found of await readdir(join(folder, 'data'), { recursive: true, withFileTypes: true })) {
    if (!found.isFile()) continue;
    expect((await readFile(join(found.parentPath, found.name))).includes(secret), found.name).toBe(false);
  }
}, 300_000);
