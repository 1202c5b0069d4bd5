import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gateway } from '../../src/app/gateway.ts';
import { openConfig } from '../../src/app/open-config.ts';
import type { StoredEvent } from '../../src/model/event.ts';
import { closeServer, listen } from '../attacks/egress-world.ts';
import { newFolder } from './start-gateway.ts';

/** Code in a sandbox whose only network is the egress door: each request rides the call that the code is. */

const seen: string[] = [];
const upstream = createServer((request, response) => {
  seen.push(`${request.method} ${request.url}`);
  response.end('hello from outside');
});
let gateway: Gateway;
let dispose: () => Promise<void>;
let port: number;

beforeAll(async () => {
  port = await listen(upstream);
  const made = await newFolder(`version: 1
profiles:
  net: { tier: process, network: door, time: 30s, memory: 512MB, processes: 128 }
builtin:
  code: { python: net }
tools:
  builtin/code.run: { effect: read, consequence: low }
egress:
  allow:
    - { host: open.test, ports: [${port}], addresses: [127.0.0.1], paths: ["/open"], tools: [builtin/code.run] }
agents:
  coder: { tools: { "builtin/*": { approval: never } } }
`);
  dispose = made.dispose;
  const loaded = await openConfig(join(made.folder, 'chaperone.yaml'), made.folder);
  gateway = await Gateway.open({ loaded, environment: process.env, notify: () => {} });
});
afterAll(async () => {
  await gateway.close();
  await closeServer(upstream);
  await dispose();
});

const CODE = (port: number) => `
import urllib.request, urllib.error, socket
def get(url):
    try:
        return urllib.request.urlopen(url, timeout=20).read().decode()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.headers.get('X-Chaperone-Error')}"
print(get("http://open.test:${port}/open"))
print(get("http://open.test:${port}/closed"))
try:
    socket.create_connection(("127.0.0.1", ${port}), 5)
    print("reached directly")
except OSError:
    print("not reached")
`;

describe('code with `network: door`', () => {
  it('gets out where a rule of its tool lets it, under its own call, and nowhere else', async () => {
    const principal = { tenant: 'default', agent: 'coder' };
    const run = await gateway.world.runs.start({ principal, task: '', prompt: [], attested: false });
    const answer = await gateway.call({
      principal,
      runId: run.id,
      tool: 'builtin/code.run',
      arguments: { language: 'python', code: CODE(port) },
    });
    const shown = answer.kind === 'result' ? answer.result.structuredContent : answer;
    expect(shown).toMatchObject({ end: 'exit', exitCode: 0 });
    const { stdout } = shown as { stdout: string };
    expect(stdout.trim().split('\n')).toEqual(['hello from outside', '403 E_EGRESS_DENIED', 'not reached']);
    expect(seen).toEqual(['GET /open']);
    const events: readonly StoredEvent[] = await gateway.world.store.readEvents({
      tenant: 'default',
      callId: answer.callId,
      limit: 100,
    });
    // Everything it did is in the record before what came of it.
    expect(events.map(({ kind }) => kind)).toEqual([
      'call.intended',
      'egress.passed',
      'egress.refused',
      'egress.closed',
      ...events.filter(({ kind }) => kind === 'escape.attempted').map(({ kind }) => kind),
      'call.completed',
    ]);
    expect(events[1]).toMatchObject({
      runId: run.id,
      tool: 'builtin/code.run',
      body: { host: 'open.test', path: '/open' },
    });
  });
});
