import { posix, win32 } from 'node:path';
import type { JsonObject } from '../../base/json.ts';
import { serverSchema } from '../../model/manifest.ts';
import { type ClientPlace, type ClientServer, describeServer, type Machine } from './client.ts';
import { expandText } from './expand-text.ts';
import { type PackageLaunch, parseLaunch } from './parse-launch.ts';
import { type Entry, type EntryValue, readEntry } from './read-entry.ts';
import type { References } from './references.ts';
import { announcesSecret, carriesSecret, isSecret } from './tell-secret.ts';

/** An exact version of a package and the digest of what is published under it. */
export interface PackagePin {
  readonly version: string;
  /** `sha512-…` */
  readonly integrity: string;
}

export interface ConvertContext {
  readonly place: ClientPlace;
  readonly machine: Machine;
  /** The folder of `chaperone.yaml`. */
  readonly configFolder: string;
  /** Where the client's file can be read once it has been rewritten. */
  readonly backupPath: string;
  readonly references: References;
  readonly pin: (launch: PackageLaunch) => PackagePin | undefined;
}

/** A server's entry for `chaperone.yaml`, or why the server has to stay where it is. */
export type Conversion =
  | { readonly ok: true; readonly server: JsonObject; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Translates one server of a client's file. No secret gets into the result: it refers to the environment instead. */
export function convertServer(server: ClientServer, context: ConvertContext): Conversion {
  const reading = readEntry(context.place.kind, server.entry);
  if (!reading.ok) return reading;
  const { entry } = reading;
  const built = entry.kind === 'http' ? convertHttp(server, entry, context) : convertStdio(server, entry, context);
  if (!built.ok) return built;
  const timeout = entry.timeoutMs === undefined ? {} : { timeout: `${entry.timeoutMs}ms` };
  const draft: JsonObject = { ...built.server, ...timeout };
  if (!serverSchema.safeParse(draft).success)
    return { ok: false, why: 'it does not fit what `chaperone.yaml` can say' };
  const dropped = entry.dropped.map((key) => `\`${key}\` is not carried over`);
  return { ok: true, server: draft, warnings: [...built.warnings, ...dropped] };
}

function convertHttp(server: ClientServer, entry: Entry & { kind: 'http' }, context: ConvertContext): Conversion {
  const url = fillIn(entry.url, context);
  if (!url.ok) return { ok: false, why: `its address ${url.why}` };
  const headers = convertValues(server, 'headers', entry.headers, context);
  const warnings =
    entry.headers.size > 0 ? [] : ['if it asks the client to sign in, the gateway needs a header instead'];
  return { ok: true, server: { url: url.text, ...orNothing('headers', headers) }, warnings };
}

function convertStdio(server: ClientServer, entry: Entry & { kind: 'stdio' }, context: ConvertContext): Conversion {
  const command = fillIn(entry.command, context);
  if (!command.ok) return { ok: false, why: `its command ${command.why}` };
  const args: string[] = [];
  for (const [index, argument] of entry.args.entries()) {
    const filled = fillIn(argument, context);
    if (!filled.ok) return { ok: false, why: `argument ${index + 1} ${filled.why}` };
    if (announcesSecret(entry.args[index - 1] ?? ''))
      return { ok: false, why: `argument ${index + 1} ${LOOKS_SECRET}` };
    args.push(filled.text);
  }
  const cwd = entry.cwd === undefined ? defaultFolder(context) : fillIn(entry.cwd, context);
  if (cwd && !cwd.ok) return { ok: false, why: `its folder ${cwd.why}` };

  const how = chooseLaunch(command.text, args, context);
  const env = convertValues(server, 'env', entry.env, context);
  return {
    ok: true,
    server: { ...how.server, ...orNothing('env', env), ...(cwd ? { cwd: cwd.text } : {}) },
    warnings: how.warnings,
  };
}

const EXACT_VERSION = /^\d+\.\d+\.\d+[-+.\w]*$/;

/** A package is pinned where that can be done; anything else keeps its command, and people are told what that means. */
function chooseLaunch(
  command: string,
  args: readonly string[],
  context: ConvertContext,
): { server: JsonObject; warnings: readonly string[] } {
  const asCommand: JsonObject = { command, ...(args.length === 0 ? {} : { args }) };
  const launch = parseLaunch(command, args);
  if (launch.kind === 'program') return { server: asCommand, warnings: [] };
  if (launch.kind === 'fetched') {
    return {
      server: asCommand,
      warnings: [`it fetches ${launch.what} at each start: whatever is published there runs`],
    };
  }
  const { name, range, bin, args: rest } = launch.launch;
  const pin = context.pin(launch.launch);
  if (!pin) {
    const version = range !== undefined && EXACT_VERSION.test(range) ? range : '<version>';
    const warning = `it fetches ${name} at each start; \`chaperone servers install ${name}@${version}\` prints how to pin it`;
    return { server: asCommand, warnings: [warning] };
  }
  return {
    server: {
      package: `${name}@${pin.version}`,
      integrity: pin.integrity,
      ...(bin === undefined ? {} : { bin }),
      ...(rest.length === 0 ? {} : { args: rest }),
    },
    warnings: [],
  };
}

function convertValues(
  server: ClientServer,
  part: 'env' | 'headers',
  values: ReadonlyMap<string, EntryValue>,
  context: ConvertContext,
): JsonObject {
  const converted: Record<string, JsonObject | string> = Object.create(null);
  for (const [name, value] of values) converted[name] = convertValue(server, part, name, value, context);
  return { ...converted };
}

function convertValue(
  server: ClientServer,
  part: 'env' | 'headers',
  name: string,
  value: EntryValue,
  context: ConvertContext,
): JsonObject | string {
  const { references } = context;
  const keep = (text: string, where: { value: string; file?: string }) =>
    references.keep(part === 'headers' ? `${server.name}_${name}` : name, server.name, text, where);
  if ('variable' in value) return references.passOn(value.variable);
  if ('bearer' in value) {
    return keep(`Bearer \${${value.bearer}}`, { value: `Bearer, a blank, and the value of ${value.bearer}` });
  }
  const expanded = expandText(context.place.kind, context.machine, value.text);
  if (expanded.kind === 'variable') return references.passOn(expanded.name);
  if (expanded.kind === 'text' && !isSecret(name, expanded.text)) return expanded.text;
  const place = `the value of ${describeServer(server)}.${part}.${name}`;
  if (expanded.kind === 'open') {
    if (carriesSecret(value.text)) references.hide(value.text);
    return keep(value.text, { value: `${place}, with ${expanded.what} filled in`, file: context.backupPath });
  }
  references.hide(value.text);
  return keep(expanded.text, { value: place, file: context.backupPath });
}

const LOOKS_SECRET = 'looks like a secret; hand it to the server in a variable of its environment';

/** A text that has to be written out in `chaperone.yaml`: no open placeholder and no secret may be in it. */
function fillIn(text: string, context: ConvertContext): { ok: true; text: string } | { ok: false; why: string } {
  const expanded = expandText(context.place.kind, context.machine, text);
  if (expanded.kind === 'variable')
    return { ok: false, why: `is the variable ${expanded.name}, which only the client fills in` };
  if (expanded.kind === 'open') return { ok: false, why: `uses ${expanded.what}, which only the client fills in` };
  if (carriesSecret(expanded.text)) return { ok: false, why: LOOKS_SECRET };
  return { ok: true, text: expanded.text };
}

/** A project's servers run in the project's folder; it has to be said if `chaperone.yaml` is elsewhere. */
function defaultFolder({ place, machine, configFolder }: ConvertContext): { ok: true; text: string } | undefined {
  const { resolve } = machine.platform === 'win32' ? win32 : posix;
  if (place.scope !== 'project' || resolve(configFolder) === resolve(machine.cwd)) return undefined;
  return { ok: true, text: machine.cwd };
}

function orNothing(key: string, values: JsonObject): JsonObject {
  return Object.keys(values).length === 0 ? {} : { [key]: values };
}
