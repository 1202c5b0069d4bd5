import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../base/fault.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { parseConfig } from '../config/parse-config.ts';
import { type ClientKind, type ClientServer, describeServer, type FoundClients, type ReadClient } from './client.ts';
import { type ConfigDraft, draftConfig, printDraft } from './config-draft.ts';
import { convertServer, type PackagePin } from './convert-server.ts';
import { editJson, type ObjectEdit } from './edit-json.ts';
import { editToml } from './edit-toml.ts';
import { GATEWAY_NAME, type Gateway, isGateway, printGateway } from './gateway-entry.ts';
import { diffLines } from './line-diff.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { PackageLaunch } from './parse-launch.ts';
import { lookUp, parseClientFile } from './read-servers.ts';
import { type NeededVariable, References } from './references.ts';

export interface InitOptions {
  /** `chaperone.yaml`: its absolute path, the file it really is, and its text if there is one. */
  readonly config: { readonly path: string; readonly realPath: string; readonly text: string | undefined };
  /** The folder `chaperone.yaml` is in, as its relative paths are resolved. */
  readonly configFolder: string;
  /** How each client reaches the gateway. */
  readonly gateway: (kind: ClientKind) => Gateway;
  /** Which clients; all that were found if not given. */
  readonly only?: readonly ClientKind[];
  /** The pin of a package that a server runs through a package runner, if it is known. Nothing is fetched here. */
  readonly pin?: (launch: PackageLaunch) => PackagePin | undefined;
  /** Names the backups. */
  readonly nowMs: number;
}

/** One file that is to be written. `before` undefined: it does not exist yet. */
export interface FileChange {
  readonly kind: 'config' | ClientKind;
  readonly path: string;
  /** What is written: the file itself, where `path` is a symbolic link. */
  readonly realPath: string;
  readonly before: string | undefined;
  readonly after: string;
  /** Where the file is kept as it was; absent for a new file. */
  readonly backupPath?: string;
  /** For people: unified, without the values of secrets. */
  readonly diff: string;
}

interface ServerOfClient {
  readonly client: ClientKind;
  readonly path: string;
  /** `mcpServers.github`: where it stands in the file at `path`. */
  readonly server: string;
}
/** `as`: its name in `chaperone.yaml`. */
export type MovedServer = ServerOfClient & { readonly as: string };
export type LeftServer = ServerOfClient & { readonly why: string };

export interface InitPlan {
  /** Empty: there is nothing to do. */
  readonly changes: readonly FileChange[];
  readonly moved: readonly MovedServer[];
  /** Servers that stay in the client's file, and so outside the gateway. */
  readonly left: readonly LeftServer[];
  /** What has to be in the gateway's environment before it starts. */
  readonly needed: readonly NeededVariable[];
  readonly warnings: readonly string[];
}

/**
 * Plans how clients come to go through the gateway: their servers move to `chaperone.yaml`, and each keeps one entry,
 * the gateway. Pure: reads and writes nothing. Planned again after it was applied, it has nothing to do.
 * Throws a `Fault` E_CONFIG, and nothing is planned, if a file that would be changed is not understood.
 */
export function planInit(found: FoundClients, options: InitOptions): InitPlan {
  const chosen = (kind: ClientKind) => options.only?.includes(kind) ?? true;
  const broken = found.broken.find(({ place }) => chosen(place.kind));
  if (broken) throw broken.fault;

  const references = new References();
  const draft = draftConfig(options.config.path, options.config.text);
  const findings: Findings = { moved: [], left: [], warnings: [] };
  const outgoing: { client: ReadClient; moved: readonly ClientServer[] }[] = [];
  for (const client of found.clients) {
    if (!chosen(client.place.kind)) continue;
    const moved = moveServers(client, found, draft, references, options, findings);
    if (moved.length > 0 || client.servers.some(({ name, entry }) => isGateway(name, entry)))
      outgoing.push({ client, moved });
  }

  const variables = references.needed.map(({ name }) => name);
  const mask = maskSecrets(references.secrets);
  const describe = (file: Omit<FileChange, 'backupPath' | 'diff'>) => describeChange(file, options.nowMs, mask);
  const changes: FileChange[] = [];
  const configText = printDraft(draft);
  if (configText !== undefined && configText !== options.config.text) {
    const { path, realPath, text: before } = options.config;
    parseConfig(configText, path); // what would not start is not written
    changes.push(describe({ kind: 'config', path, realPath, before, after: configText }));
  }
  for (const { client, moved } of outgoing) {
    const { kind, path } = client.place;
    const after = rewriteClient(client, moved, options.gateway(kind), variables);
    if (after === client.text) continue;
    if (kind === 'claude-desktop' && variables.length > 0) {
      findings.warnings.push('Claude Desktop hands few variables on to what it starts: use `file:` references with it');
    }
    changes.push(describe({ kind, path, realPath: client.realPath, before: client.text, after }));
  }
  return { changes, ...findings, needed: references.needed };
}

/** Names a file's backup: beside it, with the time in UTC. */
export function backupPathOf(realPath: string, nowMs: number): string {
  return `${realPath}.chaperone-backup-${new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')}`;
}

/** What comes to light while servers are moved. */
interface Findings {
  readonly moved: MovedServer[];
  readonly left: LeftServer[];
  readonly warnings: string[];
}

/** Adds a client's servers to the draft and returns those that were taken. */
function moveServers(
  client: ReadClient,
  found: FoundClients,
  draft: ConfigDraft,
  references: References,
  options: InitOptions,
  findings: Findings,
): readonly ClientServer[] {
  const { place } = client;
  const moved: ClientServer[] = [];
  for (const server of client.servers) {
    if (isGateway(server.name, server.entry)) continue;
    const about = { client: place.kind, path: place.path, server: describeServer(server) };
    const conversion = convertServer(server, {
      place,
      machine: found.machine,
      configFolder: options.configFolder,
      backupPath: backupPathOf(client.realPath, options.nowMs),
      references,
      pin: options.pin ?? (() => undefined),
    });
    if (!conversion.ok) {
      findings.left.push({ ...about, why: conversion.why });
      continue;
    }
    const as = draft.add(server.name, conversion.server, place.kind);
    findings.moved.push({ ...about, as });
    findings.warnings.push(...conversion.warnings.map((warning) => `${as}: ${warning}`));
    moved.push(server);
  }
  return moved;
}

/** The client's file with the gateway in the place of the servers that were moved. */
function rewriteClient(
  client: ReadClient,
  moved: readonly ClientServer[],
  gateway: Gateway,
  variables: readonly string[],
): string {
  const { place } = client;
  const entry = printGateway(place.kind, gateway, variables);
  if (!entry) {
    throw new Fault(
      'E_USAGE',
      `${place.path}: this client starts its servers itself and takes no address of a gateway`,
    );
  }
  const edits: ObjectEdit[] = moved.map(({ section, name }) => ({ path: [...section, name], value: undefined }));
  const content = parseClientFile(place, client.text);
  for (const section of place.sections) {
    const path = [...section, GATEWAY_NAME];
    const present = lookUp(content, path);
    if (present === undefined && !moved.some((server) => isDeepStrictEqual(server.section, section))) continue;
    const value = keepVariables(entry, present);
    if (!isDeepStrictEqual(present, value)) edits.push({ path, value });
  }
  const after = place.format === 'toml' ? editToml(client.text, edits) : editJson(client.text, edits);
  requireResult(place, after, content, edits);
  return after;
}

/** An entry that is made anew hands on what the former one did: of an earlier run only the entry itself tells. */
function keepVariables(entry: JsonObject, present: unknown): JsonObject {
  const former = isJsonObject(present) ? present['env_vars'] : undefined;
  if (!Array.isArray(former)) return entry;
  const now = Array.isArray(entry['env_vars']) ? entry['env_vars'] : [];
  return { ...entry, env_vars: [...new Set([...former, ...now])] };
}

/** Edits are made on text; that they came to exactly what was meant is checked on what the text says. */
function requireResult(
  place: ReadClient['place'],
  after: string,
  before: JsonObject,
  edits: readonly ObjectEdit[],
): void {
  const expected = structuredClone(before) as Record<string, unknown>; // a JSON object is a record
  for (const { path, value } of edits) setAt(expected, path, value);
  let result: unknown;
  try {
    result = parseClientFile(place, after);
  } catch {
    result = undefined;
  }
  if (isDeepStrictEqual(result, expected)) return;
  const names = edits.map(({ path }) => path.join('.')).join(', ');
  throw new Fault('E_CONFIG', `${place.path}: it is written in a way that cannot be changed safely; by hand: ${names}`);
}

function setAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length > 0) {
    const next = isJsonObject(target[key]) ? (target[key] as Record<string, unknown>) : {}; // an object is a record
    target[key] = next;
    setAt(next, rest, value);
  } else if (value === undefined) {
    delete target[key];
  } else {
    target[key] = value;
  }
}

function describeChange(
  file: Omit<FileChange, 'backupPath' | 'diff'>,
  nowMs: number,
  mask: (line: string) => string,
): FileChange {
  const backup = file.before === undefined ? {} : { backupPath: backupPathOf(file.realPath, nowMs) };
  return { ...file, ...backup, diff: diffLines(file.path, file.before, file.after, mask) };
}
