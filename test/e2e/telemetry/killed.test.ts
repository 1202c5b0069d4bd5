import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStore } from '../../../src/app/open-store.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { newNotesFolder } from '../notes-folder.ts';
import { issueToken, type RunningGateway, startGateway } from '../start-gateway.ts';
import { startHook, until } from './receivers.ts';

const ROUNDS = 4;

it('a gateway that is killed after a receiver took a batch, and before it knows, tells it again, in the order of each run', async () => {
  const notes = await newNotesFolder();
  let gateway: RunningGateway | undefined;
  /** The batches as they came in; whether the sender lived to hear of it, only it knows. */
  const batches: (readonly string[])[] = [];
  let isDeadly = false;
  const killed = new Set<string>();
  const hook = await startHook('', (_, batch) => {
    batches.push(batch);
    if (!isDeadly) return 204;
    isDeadly = false;
    for (const id of batch) killed.add(id);
    gateway?.process.kill('SIGKILL');
    return 204;
  });
  try {
    const sink = `{ kind: webhook, to: "http://127.0.0.1:${hook.port}/", from: beginning }`;
    await notes.edit('version: 1\n', `version: 1\ndata: .chaperone\ntelemetry: { sinks: { soc: ${sink} } }\n`);
    const agent = await issueToken(notes.folder, 'agent', 'agent');
    const call = async (origin: string) => {
      const response = await fetch(`${origin}/v1/calls`, {
        method: 'POST',
        headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
        body: JSON.stringify({ tool: 'notes/read_note', arguments: { id: '1' } }),
      }).catch(() => undefined);
      await response?.body?.cancel().catch(() => {});
    };
    for (let round = 0; round < ROUNDS; round++) {
      gateway = await startGateway(notes.folder);
      const ended = new Promise<void>((resolve) => gateway?.process.once('exit', () => resolve()));
      isDeadly = true;
      for (let i = 0; i < 6; i++) await call(gateway.origin);
      await ended;
    }
    expect(killed.size).toBeGreaterThanOrEqual(ROUNDS);
    gateway = await startGateway(notes.folder);
    const store = await openStore(join(notes.folder, '.chaperone'), systemClock);
    const events = await store.readEvents({ tenant: 'default', limit: 1_000 });
    await store.close();
    const told = await until('every event', () => {
      const ids = new Set(batches.flat());
      return events.every(({ id }) => ids.has(id)) ? batches.flat() : undefined;
    });
    for (const id of killed) expect(told.filter((other) => other === id).length, 'told again').toBeGreaterThan(1);
    const firsts = [...new Set(told)];
    const runs = new Set(events.map(({ runId }) => runId));
    for (const run of runs) {
      const recorded = events.filter(({ runId }) => runId === run).map(({ id }) => id);
      expect(firsts.filter((id) => recorded.includes(id))).toEqual(recorded);
    }
  } finally {
    await gateway?.stop();
    await hook.close();
    await notes.dispose();
  }
}, 240_000);
