import { Gateway } from '../app/gateway.ts';
import { openConfig } from '../app/open-config.ts';
import { openMcpDoor } from '../app/serve.ts';
import { Fault } from '../base/fault.ts';
import type { CommandContext } from './command-context.ts';
import { printNotice } from './print-notice.ts';

/** Serves one MCP client on stdin and stdout, as the agent that is named. */
export async function mcp(context: CommandContext, options: { readonly agent?: string }): Promise<void> {
  const { terminal, signal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const agent = options.agent ?? onlyAgent(Object.keys(loaded.manifest.agents));
  const notify = printNotice(terminal);
  const gateway = await Gateway.open({ loaded, environment: context.env, notify });
  const door = openMcpDoor(gateway, notify);
  const end = () => process.stdin.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    await door.serveStdio({
      input: process.stdin,
      output: process.stdout,
      credentials: { tenant: loaded.manifest.tenant, agent },
    });
  } finally {
    signal.removeEventListener('abort', end);
    await door.close();
    await gateway.close();
  }
}

/** A manifest with one agent leaves no doubt who the client is, and one with none has nobody to be confused with. */
function onlyAgent(agents: readonly string[]): string {
  const [only, second] = agents;
  if (second === undefined) return only ?? 'default';
  throw new Fault('E_USAGE', `say which agent the client is with --agent: ${agents.join(', ')}`);
}
