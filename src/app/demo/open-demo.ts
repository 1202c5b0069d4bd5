import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Approval } from '../../model/approval.ts';
import { answerApproval } from '../../runtime/approving/answer-approval.ts';
import type { ApprovalCard } from '../../runtime/approving/approval-card.ts';
import { readCard } from '../../runtime/approving/read-card.ts';
import { loadConfig } from '../config/load-config.ts';
import { Gateway } from '../gateway.ts';
import { parseOptions } from '../host-server.ts';
import type { Notify } from '../notice.ts';
import { serve } from '../serve.ts';
import { layOutData, layOutDemo } from './lay-out-demo.ts';
import { recordReader } from './read-record.ts';
import { type DemoRun, runProtected } from './run-protected.ts';

const TOKEN_LIFE_MS = 3_600_000;
const PORTS = [7070, 0];

/** The gateway of the demonstration, serving for real, with one official client connected to it. */
export interface OpenDemo extends AsyncDisposable {
  readonly origin: string;
  readonly configPath: string;
  run(): Promise<DemoRun>;
  /** Loads the configuration anew, sets the mailbox back, and runs again. */
  rerun(): Promise<DemoRun>;
  readApproval(id: string): Promise<{ readonly approval: Approval; readonly card: ApprovalCard } | undefined>;
  /** Answers, lets the agent try the very same call again, and says what came of it. */
  answer(id: string, approve: boolean): Promise<string>;
}

export async function openDemo(
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  notify: Notify,
): Promise<OpenDemo> {
  const demo = await layOutDemo(folder);
  const loaded = await loadConfig(demo.configPath, parseOptions);
  const quiet: Notify = (notice) => {
    if (notice.kind !== 'server-log') notify(notice);
  };
  const gateway = await Gateway.open({ loaded, environment, notify: quiet });
  const serving = await serveOn(gateway, notify);
  const { clock, store } = gateway.world;
  const { tenant } = loaded.manifest;
  const token = await serving.signer.sign(
    { kind: 'agent', sub: demo.agent, tenant },
    serving.audience,
    clock.nowMs() + TOKEN_LIFE_MS,
  );
  const client = new Client({ name: 'demo', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${serving.origin}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  const run = () => runProtected(demo, client, recordReader(store, tenant));
  return {
    origin: serving.origin,
    configPath: demo.configPath,
    run,
    async rerun() {
      await gateway.replace(await loadConfig(demo.configPath, parseOptions));
      await layOutData(demo.folder);
      return run();
    },
    async readApproval(id) {
      const approval = await store.readApproval(tenant, id);
      return approval && { approval, card: await readCard(store, gateway.loaded.manifest, approval) };
    },
    async answer(id, approve) {
      const given = { tenant, approvalId: id, approve, by: 'local:demo', presence: 'terminal' } as const;
      const approval = await answerApproval(gateway.world, given);
      const answer = await gateway.call({
        principal: { tenant, agent: approval.agent },
        runId: approval.runId,
        tool: approval.tool,
        arguments: approval.arguments,
      });
      return answer.kind === 'result' ? 'it ran, once' : answer.toModel;
    },
    async [Symbol.asyncDispose]() {
      await client.close().catch(() => {});
      await serving.close();
      await gateway.close();
    },
  };
}

/** The usual port, or any where that one is taken. */
async function serveOn(gateway: Gateway, notify: Notify) {
  let failure: unknown;
  for (const port of PORTS) {
    try {
      return await serve(gateway, { notify, port });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
