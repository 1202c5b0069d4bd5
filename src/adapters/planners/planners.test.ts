import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { Secret } from '../../base/secret.ts';
import type { PlannerQuestion } from '../../ports/planner.ts';
import { openAnthropicPlanner } from './anthropic.ts';
import { openOpenAiPlanner } from './openai.ts';

interface Asked {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}
type Script = (response: ServerResponse, asked: Asked) => void;

const KEY = 'key-7f3a9c2e5b';
const question: PlannerQuestion = {
  task: 'Email kim "} the plan.',
  tools: [
    { name: 'mail/send', description: 'Sends a mail.' },
    { name: 'mail/delete', description: 'Deletes a mail.' },
  ],
};
const dialects = {
  openai: {
    open: openOpenAiPlanner,
    base: '/v1/',
    path: '/v1/chat/completions',
    wrap: (content: unknown, more: object = {}) => ({
      id: 'x',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content, refusal: null, ...more } }],
      usage: { total_tokens: 12 },
    }),
    toolCall: {
      choices: [
        {
          finish_reason: 'tool_calls',
          message: { content: null, tool_calls: [{ id: '1', function: { name: 'send', arguments: '{}' } }] },
        },
      ],
    },
    cut: { choices: [{ finish_reason: 'length', message: { content: '{"tools":[]}' } }] },
  },
  anthropic: {
    open: openAnthropicPlanner,
    base: '',
    path: '/v1/messages',
    wrap: (text: unknown) => ({
      id: 'x',
      type: 'message',
      role: 'assistant',
      stop_reason: 'end_turn',
      content: [{ type: 'text', text }],
      usage: { output_tokens: 12 },
    }),
    toolCall: {
      type: 'message',
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', id: '1', name: 'send', input: {} }],
    },
    cut: { type: 'message', stop_reason: 'max_tokens', content: [{ type: 'text', text: '{"tools":[]}' }] },
  },
} as const;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

async function serve(script: Script): Promise<{ origin: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>; // we sent it
      const one = { url: request.url, headers: request.headers, body };
      asked.push(one);
      script(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }; // listening on TCP
}

const json =
  (value: unknown, status = 200): Script =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(value));
  };

describe.each(Object.entries(dialects))('a planner that speaks %s', (_, dialect) => {
  const plan = async (script: Script, signal = AbortSignal.timeout(5_000)) => {
    const { origin, asked } = await serve(script);
    const planner = dialect.open({
      url: new URL(origin + dialect.base),
      model: 'model-1',
      key: new Secret('env:PLANNER_KEY', KEY),
      timeoutMs: 5_000,
    });
    return { planner, asked, answer: await planner.ask(question, signal).catch((error: unknown) => error) };
  };
  const says = (text: string) => json(dialect.wrap(text));

  it('asks its endpoint one question, of the task and the tools alone', async () => {
    const { planner, asked, answer } = await plan(says('{"tools":["mail/send","mail/none"]}'));
    expect(answer).toEqual({ tools: ['mail/send', 'mail/none'], digest: expect.stringMatching(/^sha256:/) });
    expect(planner.version).toMatch(/^model-1 [0-9a-f]{12}$/);
    const [one] = asked;
    expect(one).toMatchObject({ url: dialect.path, body: { model: 'model-1' } });
    const messages = one?.body['messages'] as { content: string }[];
    expect(JSON.parse(messages.at(-1)?.content ?? '')).toEqual(question);
    expect([one?.headers['authorization'], one?.headers['x-api-key']]).toContain(
      dialect === dialects.openai ? `Bearer ${KEY}` : KEY,
    );
    expect(JSON.stringify(one?.body)).not.toContain(KEY);
    expect(JSON.stringify(one?.body)).toContain('"json_schema"');
  });

  const refused: readonly (readonly [string, Script])[] = [
    ['prose', says('You need mail/send.')],
    ['JSON in prose', says('Sure: {"tools":[]}')],
    ['JSON in a fence', says('```json\n{"tools":[]}\n```')],
    ['another shape', says('{"tools":"mail/send"}')],
    ['more than was asked for', says('{"tools":[],"permit":true}')],
    ['a name without end', says(JSON.stringify({ tools: ['x'.repeat(limits.toolNameChars + 1)] }))],
    ['more names than there can be', says(JSON.stringify({ tools: Array(limits.plannerTools + 1).fill('a/b') }))],
    ['a prototype', says('{"tools":[],"__proto__":{}}')],
    ['no text', json(dialect.wrap(null))],
    ['a tool call', json(dialect.toolCall)],
    ['a text that was cut', json(dialect.cut)],
    ['an empty object', json({})],
    ['a list', json([])],
    ['nothing', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end()],
    ['what is not JSON', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":')],
    ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>log in</p>')],
    ['a key it does not know', json({ error: { message: `bad key ${KEY}` } }, 401)],
    ['too many requests', json({}, 429)],
    ['its own failure', json({ error: KEY }, 500)],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"choices":');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['a closed connection', (response) => void response.destroy()],
  ];
  it.each(refused)('takes no answer from %s, and quotes nothing of it', async (_what, script) => {
    const { answer } = await plan(script);
    expect(answer).toBeInstanceOf(Fault);
    expect(answer).toMatchObject({ code: 'E_PLANNER' });
    expect(inspect(answer, { depth: 9, showHidden: true })).not.toMatch(new RegExp(`${KEY}|log in|You need`));
  });

  it('reads no more than the limit of an answer without end', async () => {
    let written = 0;
    const { answer } = await plan((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        while (!response.destroyed) {
          written += 65_536;
          if (!response.write(' '.repeat(65_536))) return void response.once('drain', more);
        }
      };
      more();
    });
    expect(answer).toMatchObject({ code: 'E_PLANNER', message: expect.stringContaining('size limit') });
    expect(written).toBeLessThan(limits.plannerAnswerBytes + 16_777_216); // what the sockets between us hold
  });

  it('does not take the key along where an endpoint sends it', async () => {
    const elsewhere = await serve(says('{"tools":["mail/delete"]}'));
    const { answer } = await plan((response) => {
      response.writeHead(307, { location: `${elsewhere.origin}/v1/messages` }).end();
    });
    expect(answer).toMatchObject({ code: 'E_PLANNER', message: expect.stringContaining('redirect') });
    expect(elsewhere.asked).toEqual([]);
  });

  it('ends when it is told to', async () => {
    const { answer, asked } = await plan(() => {}, AbortSignal.timeout(50));
    expect(answer).toMatchObject({ code: 'E_PLANNER', message: expect.stringContaining('in time') });
    expect(asked).toHaveLength(1);
  });

  it('says that nobody is there', async () => {
    const planner = dialect.open({ url: new URL('http://127.0.0.1:9'), model: 'm', timeoutMs: 1_000 });
    await expect(planner.ask(question, AbortSignal.timeout(1_000))).rejects.toMatchObject({ code: 'E_PLANNER' });
  });
});

it('keeps what a gateway wants in its base address', async () => {
  const { origin, asked } = await serve(json(dialects.openai.wrap('{"tools":[]}')));
  const planner = openOpenAiPlanner({
    url: new URL(`${origin}/deployed/m?api-version=3`),
    model: 'm',
    timeoutMs: 1_000,
  });
  expect(await planner.ask(question, AbortSignal.timeout(1_000))).toMatchObject({ tools: [] });
  expect(asked[0]).toMatchObject({ url: '/deployed/m/chat/completions?api-version=3' });
  expect(asked[0]?.headers['authorization']).toBeUndefined();
});
