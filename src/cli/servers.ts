import { openConfig } from '../app/open-config.ts';
import { installServers, pinOfCommand, pinOfServer } from '../app/server-packages.ts';
import type { CommandContext } from './command-context.ts';

type Pin = Awaited<ReturnType<typeof pinOfServer>>;

/** Installs a package, or every one the configuration names, and prints what to pin. */
export async function install(context: CommandContext, spec: string | undefined): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const pins = await installServers(loaded, context.env, spec, context.signal);
  context.terminal.data(pins.map(toJson), pins.flatMap(print));
}

/** Prints what to pin of an installed package, or of the files of a server that the configuration names. */
export async function pin(context: CommandContext, spec: string): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const command = await pinOfCommand(loaded, spec, context.env);
  if (command !== undefined) {
    const { server, files, digest } = command;
    return context.terminal.data({ server, files: [...files], digest }, [
      `files: ${JSON.stringify(files)}`,
      `digest: ${digest}`,
    ]);
  }
  const found = await pinOfServer(loaded, spec);
  context.terminal.data(toJson(found), print(found));
}

function print(found: Pin): readonly string[] {
  return [`package: "${found.package}"`, `integrity: ${found.integrity}`, `digest: ${found.digest}`];
}

function toJson(found: Pin) {
  return { package: found.package, integrity: found.integrity, digest: found.digest };
}
