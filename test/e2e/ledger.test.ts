import { spawn } from 'node:child_process';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openEd25519 } from '../../src/base/ed25519.ts';
import { makeVerifierKey } from '../../src/ledger/verifier-key.ts';
import { connectClient, issueToken, main, newFolder, root, runCommand, startGateway } from './start-gateway.ts';

const ROUNDS = 3;

const config = (folder: string, witness: { readonly url: string; readonly key: string }) => `version: 1
data: .chaperone
servers:
  counter: { command: ${process.execPath}, args: [${join(root, 'test/e2e/counting-server.ts')}, ${join(folder, 'counted.txt')}] }
tools:
  counter/count_up: { effect: write, consequence: low }
agents:
  agent: { tools: { counter/count_up: {} } }
ledger:
  origin: e2e.example/log
  folder: evidence
  keys: signing
  checkpointEvery: 50ms
  witnesses: [{ url: ${witness.url}, key: ${witness.key} }]
`;

/** The witness as its own process. */
async function startWitness(folder: string, logKey: string) {
  const args = ['witness', '--json', '--name', 'w.example', '--log', logKey, '--listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  return { ...(JSON.parse(line) as { url: string; key: string }), stop };
}

it('what gateways recorded while they were killed is verified elsewhere, with public keys alone', async () => {
  const { folder, dispose } = await newFolder('version: 1\nledger: { origin: e2e.example/log, keys: signing }\n');
  const elsewhere = await newFolder('version: 1\n');
  const { stdout } = await runCommand(folder, ['evidence', 'keys']);
  const key = stdout.trim();
  const witness = await startWitness(elsewhere.folder, key);
  try {
    await writeFile(join(folder, 'chaperone.yaml'), config(folder, witness));
    const token = await issueToken(folder, 'agent', 'agent');
    let next = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // Two on one store: one keeps the ledger, and the other takes it over or not.
      const gateways = [await startGateway(folder), await startGateway(folder)];
      const clients = await Promise.all(gateways.map(({ origin }) => connectClient(origin, token)));
      const callers = clients.map(async (client) => {
        for (let i = 0; i < 40; i++) {
          const called = client.callTool({ name: 'count_up', arguments: { n: next++ } });
          if ((await called.catch(() => undefined)) === undefined) return;
        }
      });
      await wait(150 + round * 90);
      await Promise.all(gateways.map((gateway) => gateway.stop('SIGKILL')));
      await Promise.all(callers);
      await Promise.all(clients.map((client) => client.close().catch(() => {})));
      const found = await runCommand(folder, ['evidence', 'fsck', '--json']);
      if (found.code !== 0) expect(found.stdout, 'nothing was signed yet').toContain('E_NOT_FOUND');
    }
    const last = await startGateway(folder);
    await wait(400);
    expect(await last.stop()).toBe(130);
    expect(last.stderr()).not.toContain('E_LEDGER');

    const status = await runCommand(folder, ['status']);
    expect(status.stdout).toMatch(/^ledger +\d+ events are signed, seen by 1 of 1 witnesses, 0 wait$/m);
    expect(status.stdout).toMatch(/no checkpoint covers yet, every 0.05 s, whoever owns this host could leave out$/m);
    const checked = await runCommand(folder, ['evidence', 'fsck', '--json']);
    expect(checked).toMatchObject({ code: 0 });
    const { size, waiting } = JSON.parse(checked.stdout) as { size: number; waiting: number };
    expect(waiting).toBe(0);
    expect(size).toBeGreaterThan(20);

    await cp(join(folder, 'evidence'), join(elsewhere.folder, 'copy'), { recursive: true });
    const trust = ['--key', key, '--witness', witness.key];
    const verified = await runCommand(elsewhere.folder, ['evidence', 'verify', 'copy', ...trust, '--json']);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(verified.stdout)).toMatchObject({ size, witnesses: [{ key: witness.key }] });

    const store = join(folder, '.chaperone/store.db');
    const call = readCall(store);
    await runCommand(folder, ['evidence', 'prove', '--call', call.id, '--out', join(elsewhere.folder, 'p.tlog-proof')]);
    const proved = await runCommand(elsewhere.folder, ['evidence', 'verify', 'p.tlog-proof', ...trust, '--json']);
    expect(JSON.parse(proved.stdout)).toMatchObject({
      seq: call.seq,
      event: { kind: 'call.completed', callId: call.id },
    });
    const stranger = await runCommand(elsewhere.folder, ['evidence', 'verify', 'copy', '--key', otherKey, '--json']);
    expect(stranger.code).toBe(8);

    changeEvent(store, call.seq);
    const tampered = await runCommand(folder, ['evidence', 'fsck']);
    expect(tampered.code).toBe(8);
    expect(tampered.stderr).toContain(`event ${call.seq} of the record is not what was written`);
    await rm(join(elsewhere.folder, 'copy/tile/0'), { recursive: true });
    expect((await runCommand(elsewhere.folder, ['evidence', 'verify', 'copy', ...trust])).code).toBe(8);
  } finally {
    await witness.stop();
    await dispose();
    await elsewhere.dispose();
  }
});

/** Of the same name, in other hands. */
const otherKey = makeVerifierKey('e2e.example/log', 'note', openEd25519(new Uint8Array(32)).publicKey).text;

/** A call that was completed, and the number of the event that says so. */
function readCall(store: string): { readonly id: string; readonly seq: number } {
  const db = new DatabaseSync(store, { readOnly: true });
  const row = db.prepare(`SELECT call_id, seq FROM events WHERE kind = 'call.completed' ORDER BY seq LIMIT 1`).get();
  db.close();
  return { id: String(row?.['call_id']), seq: Number(row?.['seq']) };
}

/** Changes an event as somebody does who owns the file. */
function changeEvent(store: string, seq: number): void {
  const db = new DatabaseSync(store);
  db.exec('DROP TRIGGER events_are_not_changed');
  db.prepare(`UPDATE events SET agent = 'another' WHERE seq = ?`).run(seq);
  db.close();
}
