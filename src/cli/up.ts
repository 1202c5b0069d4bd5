import { watchCanary } from '../app/canary-watch.ts';
import { watchConfig } from '../app/config/watch-config.ts';
import { Gateway } from '../app/gateway.ts';
import { parseOptions } from '../app/host-server.ts';
import { openConfig } from '../app/open-config.ts';
import { serve } from '../app/serve.ts';
import type { CommandContext } from './command-context.ts';
import { printNotice } from './print-notice.ts';

/** Starts the gateway and serves until it is interrupted. */
export async function up(context: CommandContext, options: { readonly port?: number }): Promise<void> {
  const { terminal, signal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const notify = printNotice(terminal);
  const gateway = await Gateway.open({ loaded, environment: context.env, notify });
  try {
    const serving = await serve(gateway, { notify, ...(options.port === undefined ? {} : { port: options.port }) });
    const watch = watchConfig({
      ...parseOptions,
      file: loaded.file,
      initial: { loaded, bundle: undefined },
      build: async () => undefined,
      activate: async (next) => {
        await gateway.replace(next.loaded);
        terminal.say(`${loaded.file} is in force as ${next.loaded.digest}`);
      },
      onRejected: (fault) =>
        terminal.warn(`${loaded.file} is wrong; the previous version stays in force\n${fault.message}`),
      signal,
    });
    const { mode } = loaded.manifest;
    terminal.data({ origin: serving.origin, mcp: `${serving.origin}/mcp`, mode, tools: gateway.catalog.tools.size }, [
      `serving MCP at ${serving.origin}/mcp and the HTTP API at ${serving.origin}/v1`,
    ]);
    terminal.say(`mode ${mode}; ${gateway.catalog.tools.size} tools; Ctrl-C ends`);
    if (mode === 'provisional')
      terminal.say('provisional: what is not declared is inferred, strictly; see `chaperone map`');
    if (mode === 'observe') terminal.warn('observe: calls are decided and recorded, not blocked');
    const canary = watchCanary(gateway);
    await aborted(signal);
    await canary.close();
    await watch.close();
    await serving.close();
  } finally {
    await gateway.close();
  }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
