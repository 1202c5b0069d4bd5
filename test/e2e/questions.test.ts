import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  connectClient,
  issueToken,
  newFolder,
  type RunningGateway,
  root,
  runAtTerminal,
  runCommand,
  startGateway,
} from './start-gateway.ts';

/**
 * A tool that a person has to approve and that asks a question itself. What the client answers leaves with the call, so
 * the person approves the call with the answers as well; the client asks again with the same call and gets there.
 */
let folder: string;
let gateway: RunningGateway;
let token: string;
const closing: (() => Promise<unknown>)[] = [];
const paid = async () => (await readFile(join(folder, 'done.txt'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

beforeEach(async () => {
  const server = join(root, 'test', 'e2e', 'asking-server.ts');
  const scratch = await newFolder('');
  folder = scratch.folder;
  closing.push(scratch.dispose);
  await writeFile(
    join(folder, 'chaperone.yaml'),
    `version: 1
servers: { bank: { command: ${process.execPath}, args: [${server}, ${join(folder, 'done.txt')}] } }
tools: { bank/pay: { effect: write, consequence: medium } }
agents: { agent: { tools: { bank/pay: { approval: required } } } }
`,
  );
  gateway = await startGateway(folder);
  closing.push(() => gateway.stop());
  token = await issueToken(folder, 'agent', 'agent');
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function answer(how: 'approve' | 'deny', asked: { readonly _meta?: object | undefined }): Promise<void> {
  const id = String((asked._meta as Record<string, unknown> | undefined)?.['chaperone/approvalId']);
  const done = await runAtTerminal(folder, ['approvals', how, id]);
  expect(done, done.stdout).toMatchObject({ code: 0 });
}

const PENDING = { isError: true, _meta: { 'chaperone/code': 'E_APPROVAL_PENDING' } };

describe('the official client', () => {
  const pay = { name: 'pay', arguments: { to: 'bob' } };
  let client: Client;
  let amounts: number[];
  beforeEach(async () => {
    client = await connectClient(gateway.origin, token, 'auto', { elicitation: { form: {} } });
    closing.push(() => client.close());
    amounts = [];
    client.setRequestHandler('elicitation/create', async () => {
      amounts.push(10 + amounts.length);
      return { action: 'accept', content: { amount: amounts.at(-1) ?? 0 } };
    });
  });

  it('gets through: approved, asked, approved with the answer, done once', async () => {
    const first = await client.callTool(pay);
    expect(first).toMatchObject(PENDING);
    await answer('approve', first);
    const second = await client.callTool(pay);
    expect(second).toMatchObject(PENDING);
    expect(amounts).toEqual([10]);
    const id = String(second._meta?.['chaperone/approvalId']);
    expect((await runCommand(folder, ['approvals', 'show', id])).stdout).toMatch(
      /answers its questions.*"amount": 10/s,
    );
    // Nothing is asked anew while the person thinks.
    expect(await client.callTool(pay)).toMatchObject({ _meta: { 'chaperone/approvalId': id } });
    await answer('approve', second);
    const third = await client.callTool(pay);
    expect(JSON.stringify(third.content)).toContain('paid 10 to bob');
    expect(amounts).toEqual([10]);
    expect(await paid()).toEqual(['bob 10']);
    // And from the beginning for the next.
    expect(await client.callTool(pay)).toMatchObject(PENDING);
    expect(await paid()).toEqual(['bob 10']);
  });

  it('needs one approval where client and server speak of it within the call', async () => {
    const legacy = await connectClient(gateway.origin, token, 'legacy', { elicitation: { form: {} } });
    closing.push(() => legacy.close());
    legacy.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { amount: 3 } }));
    const first = await legacy.callTool(pay);
    expect(first).toMatchObject(PENDING);
    await answer('approve', first);
    expect(JSON.stringify((await legacy.callTool(pay)).content)).toContain('paid 3 to bob');
    expect(await paid()).toEqual(['bob 3']);
  });

  it('begins again after the person denied the answer', async () => {
    const first = await client.callTool(pay);
    await answer('approve', first);
    const second = await client.callTool(pay);
    await answer('deny', second);
    expect(await client.callTool(pay)).toMatchObject({ _meta: { 'chaperone/code': 'E_APPROVAL_DENIED' } });
    expect(await client.callTool(pay)).toMatchObject(PENDING);
    expect(await paid()).toEqual([]);
  });
});

describe('a client that keeps the state of its round', () => {
  it('brings it back once a person approved its answers, and not a second time', async () => {
    const send = async (params: object) => {
      const meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
      };
      const response = await fetch(`${gateway.origin}/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': 'pay',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'pay', arguments: { to: 'eve' }, ...params, _meta: meta },
        }),
      });
      return (await response.json()) as {
        readonly result: { readonly requestState?: string; readonly _meta?: object };
        readonly error?: object;
      };
    };
    await answer('approve', (await send({})).result);
    const { requestState } = (await send({})).result;
    expect(requestState).toBeTypeOf('string');
    const round = { inputResponses: { amount: { action: 'accept', content: { amount: 7 } } }, requestState };
    const asked = await send(round);
    expect(asked.result).toMatchObject(PENDING);
    await answer('approve', asked.result);
    expect(JSON.stringify((await send(round)).result)).toContain('paid 7 to eve');
    expect((await send(round)).error).toMatchObject({ code: -32_602 });
    expect(await paid()).toEqual(['eve 7']);
  });
});
