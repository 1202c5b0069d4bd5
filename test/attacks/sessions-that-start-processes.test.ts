import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createMcpSource, type McpSource } from '../../src/adapters/tools/mcp/create-mcp-source.ts';
import { limits } from '../../src/base/limits.ts';
import { Intent } from '../../src/model/intent.ts';
import { pinTool, type Tool, toolName } from '../../src/model/tool.ts';
import type { McpCarrier, McpPeer } from '../../src/ports/mcp-upstream.ts';
import type { Execution } from '../../src/ports/tool-source.ts';

/** One agent opens session after session, and each has a process of the server to itself. */
const PROGRAM = `
require('node:fs').appendFileSync(process.argv[1], process.pid + '\\n');
const reply = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') reply(id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } });
  else if (method === 'tools/call' && !params.arguments.hang) reply(id, { content: [{ type: 'text', text: String(process.pid) }] });
});
`;
const MOST = limits.mcpProcessesPerPrincipal;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(): Promise<{ readonly source: McpSource; readonly countAlive: () => Promise<number> }> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'pids');
  const launch = async () => ({ command: process.execPath, args: ['-e', PROGRAM, file], env: {} });
  const source = createMcpSource({ server: 's', reach: { kind: 'stdio', launch } });
  closing.push(() => source.tools.close());
  const countAlive = async () =>
    (await readFile(file, 'utf8')).split('\n').filter((pid) => pid !== '' && isAlive(Number(pid))).length;
  return { source, countAlive };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function call({ tools }: McpSource, principal: string, session: number, hang = false): Promise<Execution> {
  const tool: Tool = { server: 's', name: 'act', description: '', inputSchema: { type: 'object' } };
  const governed = {
    tool,
    name: toolName(tool),
    pin: pinTool(tool),
    effect: 'write',
    consequence: 'low',
    declared: true,
    sinks: [],
  } as const;
  const made = { id: 'call_1', runId: 'run_1', tool: governed.name, arguments: { hang }, digest: 'sha256:0' } as const;
  const peer: McpPeer = {
    name: `${principal}-${session}`,
    principal,
    era: 'legacy',
    capabilities: { roots: {} },
    onNotification: () => {},
    onRequest: async () => ({ ok: false, error: { code: -32_601, message: 'no' } }),
  };
  const carrier: McpCarrier = {
    protocol: 'mcp',
    peer,
    capabilities: {},
    onNotification: () => {},
    onRequest: peer.onRequest.bind(peer, 's'),
  };
  return tools.call(new Intent(1, made, governed, 60_000), { signal: stopping.signal, carrier });
}
let stopping = new AbortController();
afterEach(() => {
  stopping.abort();
  stopping = new AbortController();
});

const pidOf = (execution: Execution) => (execution.ok ? execution.result.content[0]?.['text'] : execution.code);

describe('sessions of one principal', () => {
  it('keep as many processes as they may, the one that is idle longest making room', { timeout: 60_000 }, async () => {
    const { source, countAlive } = await open();
    const pids: unknown[] = [];
    for (let session = 0; session < MOST + 3; session++) {
      pids.push(pidOf(await call(source, 'a', session)));
      expect(await countAlive()).toBeLessThanOrEqual(MOST);
    }
    expect(new Set(pids).size).toBe(MOST + 3);
    // The latest still have theirs, and the first gets another.
    expect(pidOf(await call(source, 'a', MOST + 2))).toBe(pids[MOST + 2]);
    expect(pids).not.toContain(pidOf(await call(source, 'a', 0)));
    expect(await countAlive()).toBe(MOST);
  });

  it('are refused another while all are at work, and nobody else is', { timeout: 60_000 }, async () => {
    const { source } = await open();
    for (let session = 0; session < MOST; session++) {
      await call(source, 'a', session);
      void call(source, 'a', session, true);
    }
    expect(await call(source, 'a', MOST)).toMatchObject({ ok: false, ran: 'no', code: 'E_SERVER_BUSY' });
    expect(await call(source, 'b', 0)).toMatchObject({ ok: true });
  });
});
