import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import type { CallInput, Execution } from '../../src/ports/tool-source.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { openAttackDoor } from '../attacks/attack-door.ts';
import { lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';

interface Said {
  readonly id: unknown;
  readonly method?: string;
  readonly result?: { readonly _meta?: Record<string, unknown> };
}

describe('a client with a session, before a server without', () => {
  it('is asked once, and goes on from its answer once a person approved that', async () => {
    const inputs: (CallInput | undefined)[] = [];
    const requestedSchema = { type: 'object', properties: { ok: { type: 'integer' } } };
    const question = { method: 'elicitation/create', params: { message: '?', requestedSchema } };
    const law = await openLawWorld({
      catalog: lawCatalog({
        tools: [lawTool('pay', {})],
        manifest: { version: 1, agents: { a: { tools: { 'law/pay': { approval: 'required' } } } } },
      }),
      call: async (_intent, { input }): Promise<Execution> => {
        inputs.push(input);
        const extra = { resultType: 'input_required', inputRequests: { ok: question }, requestState: 'mine' };
        return { ok: true, result: input === undefined ? { content: [], extra } : { content: [] } };
      },
    });
    const principal = { tenant: 'default', agent: 'a' };
    const run = await law.world.runs.start({ principal, task: 'e2e', prompt: [], attested: false });
    await using door = openAttackDoor(law);
    const input = new PassThrough();
    const output = new PassThrough();
    const served = door.door.serveStdio({ input, output, credentials: { runId: run.id } });
    const answers = new Map<unknown, Said>();
    let asked = 0;
    const say = (message: object) => input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    output.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        const message = JSON.parse(line) as Said;
        if (message.method === undefined) answers.set(message.id, message);
        else if (message.method === 'elicitation/create') {
          asked += 1;
          say({ id: message.id, result: { action: 'accept', content: { ok: asked } } });
        }
      }
    });
    let lastId = 0;
    const ask = async (method: string, params: object) => {
      const id = ++lastId;
      say({ id, method, params });
      await vi.waitFor(() => expect(answers.has(id)).toBe(true), 5_000);
      return answers.get(id)?.result;
    };
    await ask('initialize', { protocolVersion: '2025-11-25', capabilities: { elicitation: {} } });
    const pay = () => ask('tools/call', { name: 'pay', arguments: {} });
    const approve = async () => {
      const approvalId = String((await pay())?._meta?.['chaperone/approvalId']);
      await answerApproval(law.world, {
        tenant: 'default',
        approvalId,
        approve: true,
        by: 'ann',
        presence: 'terminal',
        confirm: 'law/pay',
      });
    };
    await approve();
    await approve();
    expect((await pay())?._meta).toEqual({ 'chaperone/receipt': expect.anything() }); // it has run, and asks nothing
    expect(asked).toBe(1);
    const answered = { responses: { ok: { action: 'accept', content: { ok: 1 } } }, state: 'mine' };
    expect(inputs).toEqual([undefined, answered]);
    input.end();
    await served;
  });
});
