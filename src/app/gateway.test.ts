import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newMemoryState } from '../adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../adapters/stores/memory/open-memory-store.ts';
import { pinTool } from '../model/tool.ts';
import { loadText } from './config/load-config.ts';
import { Gateway } from './gateway.ts';
import { parseOptions } from './host-server.ts';
import type { Notice } from './notice.ts';

let folder: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-gateway-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

const load = (more: string) => loadText(`version: 1\n${more}`, 'chaperone.yaml', folder, parseOptions);

/** A gateway with one tool of the host's, `app/note`, and everything it told its operator. */
async function open(more: string, state = newMemoryState()) {
  const notices: Notice[] = [];
  const gateway = await Gateway.open({
    loaded: await load(more),
    environment: {},
    notify: (notice) => notices.push(notice),
    store: openMemoryStore(state),
  });
  closing.push(() => gateway.close());
  const inputSchema = { type: 'object', properties: {} };
  gateway.functions.describe([{ server: 'app', name: 'note', description: 'notes', inputSchema }]);
  await gateway.refresh();
  const principal = { tenant: 'default', agent: 'a' };
  const start = () => gateway.world.runs.start({ principal, task: '', prompt: [], attested: false });
  const run = await start();
  gateway.functions.bind(run.id, new Map([['note', () => 'noted']]));
  const call = () => gateway.call({ principal, runId: run.id, tool: 'app/note', arguments: {} });
  return { gateway, notices, call, start };
}

/** Names an argument that the tool does not have. */
const BAD = ', arguments: { nope: { allow: ["x"] } }';
const NEVER = 'agents: { a: { tools: { app/note: { approval: never } } } }\n';
const REQUIRED = 'agents: { a: { tools: { app/note: { approval: required } } } }\n';

describe('a reload', () => {
  it('says which changed settings it does not put into force', async () => {
    const { gateway, notices } = await open('');
    await gateway.replace(await load('mode: observe\n'));
    expect(notices).toEqual([]);
    await gateway.replace(await load('listen: { port: 7071 }\n'));
    expect(notices).toEqual([{ kind: 'warning', message: expect.stringContaining('`listen` changed') }]);
  });

  it('changes how long a question waits and a run lives', async () => {
    const { gateway, call, start } = await open(REQUIRED);
    const lifeOf = async () => {
      const { startedAtMs, expiresAtMs } = await start();
      return expiresAtMs - startedAtMs;
    };
    const waitOf = async () => {
      const answer = await call();
      if (answer.kind !== 'refused' || answer.approvalId === undefined) throw new Error('it is asked about');
      const approval = await gateway.world.store.readApproval('default', answer.approvalId);
      return (approval?.expiresAtMs ?? 0) - (approval?.askedAtMs ?? 0);
    };
    expect(await lifeOf()).toBe(28_800_000);
    await gateway.replace(await load(`${REQUIRED}approvals: { timeout: 7m }\nruns: { lifetime: 2h }\n`));
    expect(await lifeOf()).toBe(7_200_000);
    expect(await waitOf()).toBe(420_000);
  });
});

describe('a configuration that is turned down', () => {
  const inputSchema = { type: 'object', properties: {} };
  const changed = { server: 'app', name: 'note', description: 'another one, which nobody accepted', inputSchema };

  it('accepts no description, not even one that it pins', async () => {
    const { gateway } = await open(NEVER);
    gateway.functions.describe([changed]);
    await gateway.refresh();
    const state = () => gateway.catalog.tools.get('app/note')?.disabled?.code;
    expect(state()).toBe('E_TOOL_DRIFTED');
    const pinned = `tools: { app/note: { pin: "${pinTool(changed)}" ${BAD} } }\n`;
    await expect(gateway.replace(await load(NEVER + pinned))).rejects.toMatchObject({ code: 'E_CONFIG' });
    await gateway.refresh();
    expect(state()).toBe('E_TOOL_DRIFTED');
    await gateway.replace(await load(NEVER + pinned.replace(BAD, '')));
    expect(state()).toBeUndefined();
  });

  it('pins nothing at first use', async () => {
    const { gateway } = await open(NEVER);
    const first = { ...changed, name: 'later' };
    const bad = await load(`${NEVER}tools: { app/later: { effect: read ${BAD} } }\n`);
    gateway.functions.describe([first]);
    await expect(gateway.replace(bad)).rejects.toMatchObject({ code: 'E_CONFIG' });
    expect(await gateway.world.store.readPin('app/later')).toBeUndefined();
    await gateway.refresh();
    expect((await gateway.world.store.readPin('app/later'))?.pin).toBe(pinTool(first));
  });
});

describe('two gateways with different configurations on one data folder', () => {
  it('the older one refuses, says why and whose fault it is, and goes on when the other has ended', async () => {
    const state = newMemoryState();
    const older = await open(NEVER, state);
    expect(await older.call()).toMatchObject({ kind: 'result' });
    const newer = await open(REQUIRED, state);
    const told = { kind: 'warning', message: expect.stringContaining(`process ${process.pid} serves another`) };
    expect(newer.notices).toEqual([told]);

    for (let n = 0; n < 3; n++)
      expect(await older.call()).toMatchObject({ kind: 'refused', code: 'E_BUNDLE_REPLACED', ran: 'no' });
    const refused = { kind: 'error', message: expect.stringContaining(`process ${process.pid} has put another`) };
    expect(older.notices).toEqual([refused]);
    expect(await newer.call()).toMatchObject({ kind: 'refused', code: 'E_APPROVAL_PENDING' });

    await newer.gateway.close();
    expect(await older.call()).toMatchObject({ kind: 'result' });
    expect(older.notices).toEqual([refused, { kind: 'warning', message: expect.stringContaining('is back') }]);
  });

  it('with the same one both go on, and nobody is told of anything', async () => {
    const state = newMemoryState();
    const one = await open(NEVER, state);
    const other = await open(NEVER, state);
    for (const { call, notices } of [one, other]) {
      expect(await call()).toMatchObject({ kind: 'result' });
      expect(notices).toEqual([]);
    }
  });

  it('a reload of one’s own is no other gateway', async () => {
    const { gateway, call, notices } = await open(NEVER);
    await gateway.replace(await load(REQUIRED));
    expect(await call()).toMatchObject({ kind: 'refused', code: 'E_APPROVAL_PENDING' });
    expect(notices).toEqual([]);
  });
});
