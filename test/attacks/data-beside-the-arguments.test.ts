import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { loadText } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import { openMcpDoor } from '../../src/app/serve.ts';
import { limits } from '../../src/base/limits.ts';

/**
 * An agent that may call a tool with one argument tells its server something else all the same: by what it says it can
 * be asked for, by its trace, by its answers to questions. And a server answers past what its results are held to.
 */
const script = join(import.meta.dirname, 'repeating-server.ts');
const closing: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const STOLEN = 'STOLEN-WORDS';

async function open(kind: 'modern' | 'legacy' | 'asks' | 'rounds') {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'heard.txt');
  const manifest = {
    version: 1,
    servers: { s: { command: process.execPath, args: [script, kind, file] } },
    tools: { 's/act': { effect: 'read', consequence: 'low' } },
    agents: { a: { tools: { 's/*': {} } } },
  };
  const loaded = await loadText(JSON.stringify(manifest), 'chaperone.yaml', folder, parseOptions);
  const store = openMemoryStore();
  const gateway = await Gateway.open({ loaded, environment: process.env, notify: () => {}, store });
  closing.push(() => gateway.close());
  const door = openMcpDoor(gateway, () => {});
  closing.push(() => door.close());
  const post = (message: object, headers: Record<string, string> = {}) =>
    door.fetch(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: {
          host: 'localhost',
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      }),
      { tenant: 'default', agent: 'a' },
    );
  const heard = async () => (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  const events = () => gateway.world.store.readEvents({ tenant: 'default', limit: 1_000 });
  return { post, heard, events };
}
type Opened = Awaited<ReturnType<typeof open>>;

function callModern({ post }: Opened, capabilities: object, meta: object = {}): Promise<Response> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    ...meta,
  };
  return post(
    { id: 1, method: 'tools/call', params: { name: 'act', arguments: {}, _meta } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'act' },
  );
}

async function initialize({ post }: Opened, capabilities: object): Promise<Response> {
  const clientInfo = { name: 'c', version: '1' };
  return post({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities, clientInfo } });
}

const sessionOf = (response: Response) => ({ 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' });

describe('what a client says of itself', () => {
  const capabilities = {
    elicitation: { form: { x: STOLEN }, x: STOLEN },
    roots: { listChanged: true, x: [STOLEN] },
    experimental: { [STOLEN]: {} },
  };

  it('reaches a modern server as flags alone', async () => {
    const opened = await open('modern');
    const traceparent = '00-abcdefabcdefabcdefabcdefabcdefab-abcdefabcdefabcd-01';
    const answer = await callModern(opened, capabilities, { traceparent, tracestate: `x=${STOLEN}`, x: STOLEN });
    expect(await answer.json()).toMatchObject({ result: { content: [{ text: 'done' }] } });
    const [call = ''] = (await opened.heard()).filter((line) => line.includes('"tools/call"'));
    expect(JSON.parse(call)).toMatchObject({
      params: {
        _meta: {
          // Of what the client said of its trace, its id and nothing else.
          traceparent: expect.stringMatching(
            /^00-abcdefabcdefabcdefabcdefabcdefab-(?!abcdefabcdefabcd)[0-9a-f]{16}-01$/,
          ),
          'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} }, roots: { listChanged: true } },
        },
      },
    });
    expect((await opened.heard()).join()).not.toContain(STOLEN);
  });

  it.each(['00-stolen', `00-${'a'.repeat(40)}-${'b'.repeat(10)}-01`, 'ff-1-2-3'])(
    'is no trace: %s',
    async (traceparent) => {
      const opened = await open('modern');
      await callModern(opened, {}, { traceparent });
      const heard = (await opened.heard()).join();
      expect(heard).not.toContain(traceparent);
      // The gateway begins a trace of its own instead.
      expect(heard.match(/"traceparent":"[^"]*"/g)).toEqual([
        expect.stringMatching(/:"00-[0-9a-f]{32}-[0-9a-f]{16}-01"$/),
      ]);
    },
  );

  it('reaches a legacy server as flags alone', async () => {
    const opened = await open('legacy');
    const session = sessionOf(await initialize(opened, capabilities));
    await opened.post({ id: 2, method: 'tools/call', params: { name: 'act', arguments: {} } }, session);
    const opening = (await opened.heard()).filter((line) => line.includes('"initialize"')).at(-1) ?? '';
    expect(JSON.parse(opening)).toMatchObject({
      params: { capabilities: { elicitation: { form: {} }, roots: { listChanged: true } } },
    });
    expect((await opened.heard()).join()).not.toContain(STOLEN);
  });

  it('is not held when it is large', async () => {
    const opened = await open('legacy');
    const large = { x: Array.from({ length: limits.mcpEnvelopeBytes / 2 }, () => ({})) };
    for (const answer of [await initialize(opened, large), await callModern(opened, large)]) {
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ error: { data: { 'chaperone/code': 'E_LIMIT' } } });
      expect(answer.headers.get('mcp-session-id')).toBeNull();
    }
    // Arguments have a limit of their own.
    const body = 'x'.repeat(limits.mcpEnvelopeBytes);
    const session = sessionOf(await initialize(opened, {}));
    const call = { id: 2, method: 'tools/call', params: { name: 'act', arguments: { body } } };
    expect((await opened.post(call, session)).status).toBe(200);
  });
});

describe('what a client answers a server that asks while it works', () => {
  const KEY = `ghp_${'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6'}`;
  const accept = (content: object, more: object = {}) => ({ result: { action: 'accept', content, ...more } });

  async function answerWith(answer: object) {
    const opened = await open('asks');
    const session = sessionOf(await initialize(opened, { elicitation: {} }));
    const call = await opened.post({ id: 2, method: 'tools/call', params: { name: 'act', arguments: {} } }, session);
    let said = '';
    for await (const chunk of call.body ?? []) {
      said += Buffer.from(chunk).toString();
      const asked = /"id":"(chaperone-\d+)"/.exec(said);
      if (asked === null || said.includes('answered')) continue;
      said += 'answered';
      await opened.post({ id: asked[1], ...answer }, session);
    }
    const [reply = '{}'] = (await opened.heard()).filter((line) => line.includes('"id":"q"'));
    const recorded = (await opened.events()).filter(({ kind }) => kind === 'question.answered');
    return { reply: JSON.parse(reply) as object, recorded, said };
  }

  it('is passed on and recorded, with the call it belongs to', async () => {
    const { reply, recorded, said } = await answerWith(accept({ note: 'the blue one' }));
    expect(reply).toMatchObject({ result: { action: 'accept', content: { note: 'the blue one' } } });
    expect(recorded).toMatchObject([
      {
        tool: 's/act',
        agent: 'a',
        callId: expect.stringMatching(/^call_/),
        body: {
          server: 's',
          method: 'elicitation/create',
          asked: 'Which note?',
          passed: true,
          answer: { action: 'accept', content: { note: 'the blue one' } },
        },
      },
    ]);
    expect(said).toContain('done');
  });

  it('is nothing but what was asked for', async () => {
    const { reply } = await answerWith(accept({ note: 'x' }, { extra: STOLEN, _meta: { x: STOLEN } }));
    expect(reply).toEqual({ jsonrpc: '2.0', id: 'q', result: { action: 'accept', content: { note: 'x' } } });
  });

  it.each([
    ['has more members than the form', accept({ note: 'x', more: STOLEN })],
    ['does not fit the form', accept({ note: STOLEN.repeat(10) })],
    ['is of another type', accept({ note: { [STOLEN]: STOLEN } })],
    ['takes no form', { result: { action: STOLEN } }],
    ['is a refusal in words', { error: { code: 4_711, message: STOLEN, data: { x: STOLEN } } }],
    ['declines, and says more', { result: { action: 'decline', content: { note: STOLEN }, x: STOLEN } }],
  ])('goes nowhere where it %s', async (_, answer) => {
    const { reply, said } = await answerWith(answer);
    expect(JSON.stringify(reply)).not.toContain(STOLEN);
    expect(JSON.stringify(reply)).not.toContain('4711');
    expect(said).toContain('done');
  });

  it('is looked at like arguments: a credential stays here, and out of the record', async () => {
    const { reply, recorded } = await answerWith(accept({ note: KEY }));
    expect(reply).toMatchObject({ error: { code: -32_603 } });
    expect(recorded).toMatchObject([{ body: { passed: false, reasons: [{ code: 'E_EGRESS_FINDING' }] } }]);
    expect(JSON.stringify([reply, recorded])).not.toContain(KEY);
  });
});

describe('a server that asks for input', () => {
  it('brings no result along, which would be held to no schema', async () => {
    const answer = await (await callModern(await open('rounds'), { elicitation: {} })).text();
    expect(answer).toContain('input_required');
    expect(answer).not.toContain('SMUGGLED');
  });
});
