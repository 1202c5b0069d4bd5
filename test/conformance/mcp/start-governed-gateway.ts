import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadText } from '../../../src/app/config/load-config.ts';
import { Gateway } from '../../../src/app/gateway.ts';
import { parseOptions } from '../../../src/app/host-server.ts';
import { serve } from '../../../src/app/serve.ts';

export interface GovernedGateway {
  readonly url: URL;
  /** What the people who run it would have been told. */
  readonly notices: unknown[];
  close(): Promise<void>;
}

/** The gateway as it is shipped, with a manifest that lets one agent do everything: every call is decided and recorded. */
export async function startGovernedGateway(servers: object): Promise<GovernedGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-gateway-'));
  // Taken for what it is: of a tool that nobody declared, a person would be asked about text that nobody vouched for.
  const tools = { 'up/test_sampling': { effect: 'read', consequence: 'low' } };
  const agents = { tester: { tools: { '*': { approval: 'never' } } } };
  const manifest = { version: 1, data: 'data', servers, tools, agents };
  const notices: unknown[] = [];
  const notify = (notice: unknown) => void notices.push(notice);
  const loaded = await loadText(stringify(manifest), 'chaperone.yaml', folder, parseOptions);
  const gateway = await Gateway.open({ loaded, environment: {}, notify });
  const serving = await serve(gateway, { notify, port: 0, loopbackAgent: 'tester' });
  return {
    url: new URL(`http://localhost:${serving.port}/mcp`),
    notices,
    async close() {
      await serving.close();
      await gateway.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
