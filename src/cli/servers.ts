import { openConfig } from '../app/open-config.ts';
import { openActs } from '../app/people/open-acts.ts';
import { acceptServer, installServers, pinOfCommand, pinOfServer, reviewPackage } from '../app/server-packages.ts';
import type { CommandContext } from './command-context.ts';

type Pin = Awaited<ReturnType<typeof pinOfServer>>;

/** Installs a package, or every one the configuration names, and prints what to pin. */
export async function install(context: CommandContext, spec: string | undefined): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  await using acts = await openActs(loaded, context.terminal.interactive);
  const pins = await acts.perform(
    { name: 'servers install', what: spec === undefined ? {} : { package: spec } },
    () => installServers(loaded, context.env, spec, context.signal),
    (installed) => ({ installed: installed.map(toJson) }),
  );
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

/**
 * Shows how a server's package differs from what was reviewed, and what to type once somebody has looked at the files.
 * With the digest that stood there, accepts them, if they still are that.
 */
export async function review(context: CommandContext, name: string, seen: string | undefined): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  if (seen !== undefined) {
    await using acts = await openActs(loaded, terminal.interactive);
    const act = { name: 'servers review', what: { server: name, digest: seen } };
    const digest = await acts.perform(act, () => acceptServer(loaded, name, seen));
    return terminal.data({ server: name, digest }, [`${name} is reviewed as ${digest}`]);
  }
  const { package: spec, reviewed, found, disabled } = await reviewPackage(loaded, name);
  terminal.data({ server: name, package: spec, reviewed: reviewed ?? null, found, disabled }, [
    `${name}: ${spec}`,
    `reviewed as ${reviewed ?? 'nothing yet'}, found as ${found}`,
    disabled
      ? `it is not started; once you have looked at its files: chaperone servers review ${name} ${found}`
      : 'its files are as they were reviewed',
  ]);
}

function print(found: Pin): readonly string[] {
  return [`package: "${found.package}"`, `integrity: ${found.integrity}`, `digest: ${found.digest}`];
}

function toJson(found: Pin) {
  return { package: found.package, integrity: found.integrity, digest: found.digest };
}
