import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { has } from '../../../scripts/needs.ts';
import type { Notice } from '../../../src/app/notice.ts';
import { type Chaperone, createChaperone } from '../../../src/index.ts';
import { metricsOf, spansOf } from './read-otlp.ts';
import {
  buildCollector,
  freePort,
  mintCertificate,
  startCollector,
  startHook,
  startRsyslog,
  until,
} from './receivers.ts';

const CANARY = 'canary-text-4c1f';
let folder: string;
let notices: Notice[];
const open: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-telemetry-'));
  notices = [];
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

async function start(telemetry: object, environment: Record<string, string> = {}): Promise<Chaperone> {
  const chaperone = await createChaperone({
    folder,
    manifest: { version: 1, data: 'data', telemetry },
    environment,
    notify: (notice) => notices.push(notice),
  });
  open.push(() => chaperone.close());
  return chaperone;
}

/** One read that runs and one write that is refused; both carry the canary. */
async function work(chaperone: Chaperone): Promise<void> {
  await using run = await chaperone.startRun({ agent: 'support', user: { id: 'ana' }, prompt: `Read ${CANARY}.` });
  const tools = await run.guard({
    read_note: {
      description: 'Reads a note.',
      inputSchema: z.object({ id: z.string() }),
      execute: async ({ id }: { id: string }) => ({ id, text: CANARY }),
    },
  });
  await tools.read_note.execute({ id: CANARY });
  await run.call('app/no_such_tool', { to: CANARY });
}

const kindsOf = (events: readonly Record<string, unknown>[]) => events.map((event) => String(event['type']));
const ORDER = [
  'chaperone.run.started',
  'chaperone.call.intended',
  'chaperone.call.completed',
  'chaperone.call.refused',
  'chaperone.run.ended',
];

describe('a webhook receiver', () => {
  it('is told everything in order and signed, and nothing of arguments, results or prompts', async () => {
    const hook = await startHook('shared', () => 204);
    open.push(() => hook.close());
    const to = `http://127.0.0.1:${hook.port}/events`;
    const chaperone = await start(
      { sinks: { hook: { kind: 'webhook', to, secret: { secret: 'env:HOOK' } } } },
      { HOOK: 'shared' },
    );
    await work(chaperone);
    await until('the end of the run', () =>
      kindsOf(hook.accepted).includes('chaperone.run.ended') ? true : undefined,
    );
    expect(kindsOf(hook.accepted).filter((kind) => ORDER.includes(kind))).toEqual(ORDER);
    expect(hook.forged).toEqual([]);
    expect(JSON.stringify(hook.accepted)).not.toContain(CANARY);
    expect(JSON.stringify(hook.accepted)).not.toContain('shared');
  });

  it('that is away, breaks and comes back loses nothing, and its operator is told once', async () => {
    const hook = await startHook('', (attempt) => (attempt <= 2 ? 503 : 200));
    open.push(() => hook.close());
    const to = `http://127.0.0.1:${hook.port}/`;
    const chaperone = await start({ sinks: { hook: { kind: 'webhook', to } } });
    await work(chaperone);
    await until('the end of the run', () =>
      kindsOf(hook.accepted).includes('chaperone.run.ended') ? true : undefined,
    );
    expect(kindsOf(hook.accepted).filter((kind) => ORDER.includes(kind))).toEqual(ORDER);
    const say = () => notices.flatMap((notice) => (notice.message.includes('sink `hook`') ? [notice.message] : []));
    const said = await until('that all is well again', () => (say().length > 1 ? say() : undefined));
    expect(said).toEqual(['sink `hook`: it answered with HTTP status 503', 'sink `hook` is told again']);
  });

  it('that refuses one event is told all others, and that one again when asked to', async () => {
    let refusing = true;
    let refused = '';
    const hook = await startHook('', (_, ids) => {
      if (!refusing) return 200;
      refused ||= ids[0] ?? '';
      return ids.includes(refused) ? 400 : 200;
    });
    open.push(() => hook.close());
    const sink = { kind: 'webhook', to: `http://127.0.0.1:${hook.port}/` };
    const chaperone = await start({ sinks: { hook: sink } });
    await work(chaperone);
    await until('the end of the run', () =>
      kindsOf(hook.accepted).includes('chaperone.run.ended') ? true : undefined,
    );
    expect(hook.accepted.map((event) => event['id'])).not.toContain(refused);
    refusing = false;
    const { openOutbox } = await import('../../../src/app/telemetry/open-outbox.ts');
    const { loadText } = await import('../../../src/app/config/load-config.ts');
    const manifest = { version: 1, data: 'data', telemetry: { sinks: { hook: sink } } };
    const loaded = await loadText(JSON.stringify(manifest), 'c', folder);
    await using outbox = await openOutbox(loaded, {}, () => {});
    const again = await outbox.sendAgain('hook', new AbortController().signal);
    expect(again).toMatchObject({ sent: [expect.any(Number)], left: [] });
    expect(hook.accepted.map((event) => event['id'])).toContain(refused);
    await expect(outbox.sendAgain('nobody', new AbortController().signal)).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
  });

  it('goes on where it was after a restart, and starts with what comes if told so', async () => {
    const hook = await startHook('', () => 200);
    open.push(() => hook.close());
    const to = `http://127.0.0.1:${hook.port}/`;
    const first = await start({});
    await work(first);
    await first.close();
    const sinks = { all: { kind: 'webhook', to, from: 'beginning' } };
    const second = await start({ sinks });
    const runs = () => kindsOf(hook.accepted).filter((kind) => kind === 'chaperone.run.ended').length;
    await until('what was recorded before', () => (runs() === 1 ? true : undefined));
    await second.close();
    const third = await start({ sinks });
    await work(third);
    await until('the second run', () => (runs() === 2 ? true : undefined));
    // What was under way when a process ended is told again.
    const sequence = [...new Set(hook.accepted.map((event) => Number(event['sequence'])))];
    expect(sequence).toEqual(sequence.map((_, i) => i + 1));
  });
});

describe.skipIf(!has('rsyslogd'))('a syslog daemon (rsyslog)', () => {
  it.each(['tcp', 'tls'] as const)(
    'is told every event over %s, framed and whole, across its own restart',
    async (scheme) => {
      const port = await freePort();
      if (scheme === 'tls') mintCertificate(folder);
      const tls = scheme === 'tls' ? folder : undefined;
      let daemon = await startRsyslog(folder, port, tls);
      open.push(() => daemon.stop());
      const to = `${scheme}://localhost:${port}`;
      const ca = scheme === 'tls' ? { ca: 'cert.pem' } : {};
      const chaperone = await start({ sinks: { soc: { kind: 'syslog', to, format: 'ocsf', ...ca } } });
      const ended = () => daemon.lines().filter((line) => line.includes('run.ended')).length;
      await work(chaperone);
      await until('the first run', () => (ended() === 1 ? true : undefined));
      await daemon.stop();
      await work(chaperone);
      daemon = await startRsyslog(folder, port, tls);
      await until('the second run', () => (ended() >= 2 ? true : undefined));
      const sequence: number[] = [];
      for (const line of daemon.lines()) {
        const [, priority, json] = /^<(\d+)>1 \S+ \S+ chaperone \d+ [a-z.]+ - (\{.*\})$/.exec(line) ?? [];
        expect(Math.floor(Number(priority) / 8), line).toBe(13);
        const { metadata } = JSON.parse(json ?? '') as { metadata: { version: string; sequence: number } };
        expect(metadata.version).toBe('1.8.0');
        sequence.push(metadata.sequence);
      }
      const firsts = [...new Set(sequence)];
      expect(firsts, 'each for the first time in order, none missing').toEqual(
        firsts.map((_, i) => (firsts[0] ?? 0) + i),
      );
      expect(daemon.lines().join('\n')).not.toContain(CANARY);
    },
  );
});

describe('the OpenTelemetry Collector', () => {
  let built: string;
  let why: string | undefined;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'chaperone-otlp-'));
    why = buildCollector(built);
  }, 500_000);
  afterAll(() => rm(built, { recursive: true, force: true }));

  async function collect(port?: number) {
    const collector = await startCollector(built, port);
    open.push(() => collector.stop());
    return collector;
  }

  it('is told calls as spans and numbers as metrics, and understands them', async (context) => {
    if (why !== undefined) return context.skip(why);
    const collector = await collect();
    const to = `http://127.0.0.1:${collector.port}`;
    const chaperone = await start({ sinks: { traces: { kind: 'otlp', to } }, metrics: { otlp: to, every: '500ms' } });
    await work(chaperone);
    await until('spans and metrics', () => {
      const all = JSON.stringify(collector.messages);
      return (all.includes('execute_tool app/no_such_tool') && all.includes('chaperone.call.duration')) || undefined;
    });
    expect(JSON.stringify(collector.messages)).not.toContain(CANARY);

    const spans = spansOf(collector.messages);
    const read = spans.find(({ name }) => name === 'execute_tool app/read_note');
    expect(read).toMatchObject({
      resource: { 'service.name': 'chaperone', 'service.namespace': 'default' },
      kind: 'internal',
      status: undefined, // unset
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'app/read_note',
        'gen_ai.tool.call.id': expect.stringMatching(/^call_/),
      },
    });
    const tried = spans.find(({ name }) => name === 'execute_tool app/no_such_tool');
    expect(tried).toMatchObject({ status: 2, attributes: { 'error.type': 'E_TOOL_UNKNOWN' } });
    for (const span of spans) {
      expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(span.endNs >= span.startNs && span.startNs > 0n, 'it begins before it ends').toBe(true);
    }
    expect(new Set(spans.map(({ traceId }) => traceId)).size, 'calls of a run are one trace').toBe(1);

    const counted = (name: string) =>
      (metricsOf(collector.messages).get(name)?.sum?.dataPoints ?? []).reduce(
        (sum, { asInt, asDouble }) => sum + Number(asInt ?? asDouble),
        0,
      );
    await until('both calls are counted', () => (counted('chaperone.refusals') > 0 ? true : undefined));
    expect([counted('chaperone.calls'), counted('chaperone.refusals')]).toEqual([1, 1]);
    const metrics = metricsOf(collector.messages);
    expect(metrics.get('chaperone.calls')).toMatchObject({ sum: { isMonotonic: true, aggregationTemporality: 2 } });
    expect(metrics.get('chaperone.call.duration')).toMatchObject({
      unit: 's',
      histogram: { aggregationTemporality: 2, dataPoints: expect.arrayContaining([expect.anything()]) },
    });
  });

  it('that is busy, goes away and comes back is told everything once it is there', async (context) => {
    if (why !== undefined) return context.skip(why);
    const first = await collect();
    const to = `http://127.0.0.1:${first.port}`;
    first.answer('busy');
    const chaperone = await start({ sinks: { traces: { kind: 'otlp', to } } });
    await work(chaperone);
    const said = () => notices.map(({ message }) => message).filter((message) => message.includes('`traces`'));
    expect(await until('that it is busy', () => said()[0])).toBe(
      'sink `traces`: the collector could not be reached, or is busy',
    );
    expect(first.messages).toEqual([]);
    await first.stop();
    await work(chaperone);
    const again = await collect(first.port);
    again.answer('nothing else');
    const names = await until('both runs', () => {
      const all = spansOf(again.messages).map(({ name }) => name);
      return all.length >= 4 ? all : undefined;
    });
    expect(names).toEqual(Array(2).fill(['execute_tool app/read_note', 'execute_tool app/no_such_tool']).flat());
  });
});

describe('a file', () => {
  it('has a line of JSON for each event, and may be moved away at any time', async () => {
    const chaperone = await start({ sinks: { log: { kind: 'file', to: 'events.ndjson' } } });
    await work(chaperone);
    const read = async (name: string) =>
      (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n').filter(Boolean);
    const first = await until('the first run', async () => {
      const lines = await read('events.ndjson');
      return lines.some((line) => line.includes('"kind":"run.ended"')) ? lines : undefined;
    });
    const { rename } = await import('node:fs/promises');
    await rename(join(folder, 'events.ndjson'), join(folder, 'events.1'));
    await work(chaperone);
    const second = await until('the second run', async () => {
      const lines = await read('events.ndjson');
      return lines.some((line) => line.includes('"kind":"run.ended"')) ? lines : undefined;
    });
    const sequence = [...first, ...second].map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(sequence).toEqual(sequence.map((_, i) => (sequence[0] ?? 0) + i));
    expect([...first, ...second].join('\n')).not.toContain(CANARY);
  });

  it('that cannot be written holds nothing up, and is told of', async () => {
    const chaperone = await start({ sinks: { log: { kind: 'file', to: 'no/such/folder/events' } } });
    await work(chaperone);
    await until('a word about it', () => notices.find(({ message }) => message.includes('ENOENT')));
  });
});
