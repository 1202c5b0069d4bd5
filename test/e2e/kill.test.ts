import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openStore } from '../../src/app/open-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { StoredEvent } from '../../src/model/event.ts';
import { connectClient, issueToken, newFolder, root, startGateway } from './start-gateway.ts';

const ROUNDS = 6;
const CALLERS = 4;

const config = (counted: string) => `version: 1
data: .chaperone
servers:
  counter: { command: ${process.execPath}, args: [${join(root, 'test/e2e/counting-server.ts')}, ${counted}] }
tools:
  counter/count_up: { effect: write, consequence: low }
agents:
  agent: { tools: { counter/count_up: {} } }
`;

it('after kill -9 at any moment, effects and records reconcile', async () => {
  const { folder, dispose } = await newFolder('version: 1\n');
  const counted = join(folder, 'counted.txt');
  await writeFile(join(folder, 'chaperone.yaml'), config(counted));
  try {
    const token = await issueToken(folder, 'agent', 'agent');
    const answered = new Set<number>();
    let next = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const gateway = await startGateway(folder);
      const client = await connectClient(gateway.origin, token);
      let alive = true;
      const callers = Array.from({ length: CALLERS }, async () => {
        while (alive) {
          const n = next++;
          const result = await client.callTool({ name: 'count_up', arguments: { n } }).catch(() => undefined);
          if (result !== undefined && result.isError !== true) answered.add(n);
          if (result === undefined) return;
        }
      });
      await wait(150 + round * 70);
      await gateway.stop('SIGKILL');
      alive = false;
      await Promise.all(callers);
      await client.close().catch(() => {});
    }
    await (await startGateway(folder)).stop();

    const effects = (await readFile(counted, 'utf8')).split('\n').filter(Boolean).map(Number);
    const events = await readAll(join(folder, '.chaperone', 'store.db'));
    const intents = new Map<number, StoredEvent>();
    for (const event of events.filter(({ kind }) => kind === 'call.intended')) {
      const { n } = event.body['arguments'] as { n: number };
      expect(intents.has(n), `${n} was granted twice`).toBe(false);
      intents.set(n, event);
    }
    const outcomes = new Map(
      events.filter(({ kind }) => kind === 'call.completed').map((event) => [event.callId, event]),
    );

    expect(effects.length).toBeGreaterThan(ROUNDS * 5);
    expect(new Set(effects).size, 'an effect happened twice').toBe(effects.length);
    for (const n of effects) expect(intents.has(n), `effect ${n} has no intent`).toBe(true);
    for (const n of answered) expect(effects, `${n} was answered and has no effect`).toContain(n);
    for (const [n, intent] of intents) {
      const ran = outcomes.get(intent.callId)?.body['ran'];
      expect(ran, `intent ${n} was left open`).toBeDefined();
      if (ran === 'yes') expect(effects).toContain(n);
      if (ran === 'no') expect(effects).not.toContain(n);
    }
  } finally {
    await dispose();
  }
});

async function readAll(path: string): Promise<readonly StoredEvent[]> {
  const store = await openStore(dirname(path), systemClock);
  try {
    const all: StoredEvent[] = [];
    for (;;) {
      const page = await store.readEvents({ tenant: 'default', afterSeq: all.at(-1)?.seq ?? 0, limit: 1_000 });
      if (page.length === 0) return all;
      all.push(...page);
    }
  } finally {
    await store.close();
  }
}
