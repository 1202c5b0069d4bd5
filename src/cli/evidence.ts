import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { dataFolder } from '../app/data-folder.ts';
import { eraseRuns, listRunsOf, purgeRuns, requireFloor } from '../app/erase-record.ts';
import { exportEvidence } from '../app/evidence/export-evidence.ts';
import type { Scope } from '../app/evidence/scope.ts';
import type { VerifiedArchive } from '../app/evidence/verify-archive.ts';
import { checkLedger } from '../app/ledger/check-ledger.ts';
import { findEvent, type Wanted } from '../app/ledger/find-event.ts';
import { proveEvent } from '../app/ledger/prove-event.ts';
import { openLedgerKeys, openLedgerSigner, placeLedger } from '../app/ledger/start-ledger.ts';
import type { VerifiedLedger } from '../app/ledger/verify-ledger.ts';
import { verifyPath } from '../app/ledger/verify-path.ts';
import type { VerifiedProof } from '../app/ledger/verify-proof.ts';
import { openConfig } from '../app/open-config.ts';
import { openStore } from '../app/open-store.ts';
import { openActs } from '../app/people/open-acts.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { VerifiedCheckpoint } from '../ledger/checkpoint.ts';
import { toBase64 } from '../ledger/text-bytes.ts';
import { type KeyUse, parseVerifierKey, type VerifierKey } from '../ledger/verifier-key.ts';
import type { Manifest } from '../model/manifest.ts';
import { retentionFloor } from '../model/retention.ts';
import type { Store } from '../ports/store.ts';
import type { CommandContext } from './command-context.ts';

/** Verifies a ledger's folder or a proof file with nothing but public keys. */
export async function verify(
  context: CommandContext,
  path: string,
  options: { readonly key: readonly string[]; readonly witness?: readonly string[]; readonly quorum?: number },
): Promise<void> {
  const witnesses = readKeys(options.witness ?? [], 'cosignature', '--witness');
  const found = await verifyPath(resolve(context.cwd, path), {
    keys: readKeys(options.key, 'note', '--key'),
    witnesses,
    quorum: options.quorum ?? witnesses.length,
  });
  const { terminal } = context;
  switch (found.kind) {
    case 'ledger':
      return terminal.data(ledgerToJson(found), printLedger(found));
    case 'proof':
      return terminal.data(proofToJson(found), printProof(found));
    case 'archive':
      return terminal.data(archiveToJson(found), printArchive(found));
  }
}

interface ExportCommand {
  readonly run?: string;
  readonly incident?: string;
  readonly from?: string;
  readonly to?: string;
  readonly out: string;
  readonly withInputs: boolean;
}

/** Writes an archive of evidence. */
export async function exportArchive(context: CommandContext, options: ExportCommand): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const out = resolve(context.cwd, options.out);
  const scope = readScope(options, systemClock);
  const { withInputs } = options;
  const contents = await exportEvidence({ loaded, scope, out, clock: systemClock, withInputs });
  const { events, uncovered, heldBack = 0, incident, log } = contents;
  context.terminal.data(
    { file: out, events, uncovered, heldBack, log: { ...log }, ...(incident && { incident: { ...incident } }) },
    [
      `${options.out} has ${events} events, proved by the checkpoint of ${log.size}`,
      ...(uncovered === 0 ? [] : [`${uncovered} events are not in it: no checkpoint covered them yet`]),
      ...(heldBack === 0 ? [] : [`of ${heldBack} what was decided from is left out: with it, --with-inputs`]),
      ...(withInputs ? ['it has personal data in the clear: what decisions were made from'] : []),
      ...(incident === undefined ? [] : [`noticed at ${incident.noticedAt}: to CERT-In by ${incident.certInBy}`]),
      `verify it anywhere: chaperone evidence verify ${options.out} --key <key>`,
    ],
  );
}

/** Exactly one scope. Throws a `Fault` E_USAGE. */
function readScope({ run, incident, from, to }: ExportCommand, { nowMs }: Pick<Clock, 'nowMs'>): Scope {
  const named = [run, incident, from].filter((option) => option !== undefined);
  if (named.length !== 1) throw new Fault('E_USAGE', 'name one of --run, --incident and --from');
  if (run !== undefined) return { kind: 'run', runId: run };
  if (incident !== undefined) return { kind: 'incident', id: incident };
  return {
    kind: 'time',
    fromMs: readTime(from ?? '', '--from'),
    toMs: to === undefined ? nowMs() : readTime(to, '--to'),
  };
}

function readTime(text: string, option: string): number {
  const ms = Date.parse(text);
  if (Number.isFinite(ms)) return ms;
  throw new Fault('E_USAGE', `${option} expects a time such as 2026-01-31T12:00:00Z, not \`${text}\``);
}

function archiveToJson(found: VerifiedArchive): JsonObject {
  const { contents, opened } = found;
  const { scope, events, uncovered, madeAt, tenant } = contents;
  return { ...checkpointToJson(found), tenant, scope, events, opened, uncovered, madeAt };
}

function printArchive(found: VerifiedArchive): readonly string[] {
  const { contents, opened } = found;
  const { scope, events, uncovered, madeAt } = contents;
  return [
    `${events} events of ${Object.entries(scope)
      .map((pair) => pair.join(' '))
      .join(', ')} are in the log and as they were recorded; ${opened} were sealed, and say what is shown`,
    ...(uncovered === 0 ? [] : [`${uncovered} more were not covered by a checkpoint when it was made`]),
    `made at ${madeAt}`,
    ...printSigners(found),
  ];
}

/** Holds the gateway's own ledger against its keys and against every event of the record. */
export async function fsck(context: CommandContext): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const found = await checkLedger(loaded, systemClock);
  context.terminal.data({ ...ledgerToJson(found), folder: found.folder, waiting: found.waiting }, [
    ...printLedger(found),
    `it lies in ${found.folder}`,
    `the record has the same events, and ${found.waiting} that no checkpoint covers yet`,
  ]);
}

/** Writes the proof that an event, or the outcome of a call, is in the ledger. */
export async function prove(
  context: CommandContext,
  eventId: string | undefined,
  options: { readonly call?: string; readonly digestOnly: boolean; readonly out?: string },
): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const event = await findEvent(loaded, readWanted(eventId, options.call));
  const { folder } = placeLedger(loaded);
  const proof = await proveEvent(folder, event, options.digestOnly ? 'digest' : 'event');
  if (options.out === undefined) {
    context.terminal.text(proof);
    return;
  }
  const file = resolve(context.cwd, options.out);
  try {
    await writeFile(file, proof, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw toFault(error, 'E_USAGE', `--out ${options.out} cannot be written, or is there already`);
  }
  const { kind, seq } = event;
  context.terminal.data({ file, event: event.id, kind, seq }, [`${options.out} proves event ${seq}, ${kind}`]);
}

/** Prints the keys that sign this ledger's checkpoints, oldest first; with `rotate`, makes a new one first. */
export async function keys(context: CommandContext, options: { readonly rotate: boolean }): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const signer = await openLedgerSigner(loaded, systemClock);
  if (options.rotate) {
    await using acts = await openActs(loaded, context.terminal.interactive);
    const own = await openLedgerKeys(loaded, systemClock);
    const made = await acts.perform(
      { name: 'evidence keys', what: {} },
      () => own.rotate(),
      ({ text }) => ({ key: text }),
    );
    context.terminal.say(`${made.text} signs from the next checkpoint on, for a time together with the one before`);
  }
  const all = await signer.keys();
  context.terminal.data(
    { origin: signer.origin, keys: all.map(({ text }) => text) },
    all.map(({ text }) => text),
  );
}

/** Erases what was recorded of a run, or of all runs of a user. Their events stay, verify, and read as erased. */
export async function erase(
  context: CommandContext,
  options: {
    readonly run?: string;
    readonly user?: string;
    readonly reason: string;
    readonly despiteRetention: boolean;
  },
): Promise<void> {
  const { run, user, reason, despiteRetention } = options;
  if ((run === undefined) === (user === undefined))
    throw new Fault('E_USAGE', 'name a run with --run, or a user with --user');
  await withStore(context, async (store, { tenant, retention }) => {
    const found =
      run === undefined ? await listRunsOf(store, tenant, user ?? '') : await store.readRunKeys(tenant, [run]);
    if (found.length === 0) throw new Fault('E_NOT_FOUND', 'nothing is recorded under that name');
    if (!despiteRetention) requireFloor(found, retentionFloor(retention), systemClock);
    const runIds = found.map(({ runId }) => runId);
    const why = despiteRetention ? `${reason} (despite retention)` : reason;
    await eraseRuns(store, systemClock, { tenant, runIds, by: whoever(), reason: why });
    context.terminal.data(
      { erased: runIds },
      runIds.map((id) => `${id} is erased; its events stay and verify`),
    );
  });
}

/** Erases every run that is older than it has to be kept. */
export async function purge(context: CommandContext, options: { readonly days?: number }): Promise<void> {
  await withStore(context, async (store, { tenant, retention }) => {
    const days = options.days ?? retention.days;
    if (days === undefined) throw new Fault('E_USAGE', 'say how old: set `retention.days`, or use --days');
    const floorDays = retentionFloor(retention);
    const purged = await purgeRuns(store, systemClock, { tenant, days, floorDays, by: whoever() });
    context.terminal.data({ purged, days, floorDays }, [`${purged} runs older than ${days} days are erased`]);
  });
}

async function withStore(
  { configPath, cwd }: CommandContext,
  work: (store: Store, manifest: Manifest) => Promise<void>,
): Promise<void> {
  const loaded = await openConfig(configPath, cwd);
  const store = await openStore(dataFolder(loaded), systemClock);
  try {
    await work(store, loaded.manifest);
  } finally {
    await store.close();
  }
}

/** Who runs this command, as the system knows them. */
const whoever = (): string => `${userInfo().username} (command line)`;

function readWanted(eventId: string | undefined, callId: string | undefined): Wanted {
  if (eventId !== undefined && callId === undefined) return { eventId };
  if (callId !== undefined && eventId === undefined) return { callId };
  throw new Fault('E_USAGE', 'name an event, or a call with --call');
}

/** Reads public keys from an option. Throws a `Fault` E_USAGE that names the one that is none. */
export function readKeys(texts: readonly string[], use: KeyUse, option: string): readonly VerifierKey[] {
  return texts.map((text) => {
    const key = parseVerifierKey(text);
    if (key === undefined)
      throw new Fault('E_USAGE', `${option} expects a public key, name+id+base64, not \`${text}\``);
    if (key.use === use) return key;
    throw new Fault(
      'E_USAGE',
      `${option} expects the key of a ${use === 'note' ? 'log' : 'witness'}: \`${text}\` is none`,
    );
  });
}

function checkpointToJson({ checkpoint, logKeys, witnesses }: VerifiedCheckpoint): JsonObject {
  return {
    origin: checkpoint.origin,
    size: checkpoint.size,
    root: toBase64(checkpoint.root),
    signedBy: logKeys.map(({ text }) => text),
    witnesses: witnesses.map(({ key, atSeconds = 0 }) => ({ key: key.text, atMs: atSeconds * 1_000 })),
  };
}

function printSigners({ logKeys, witnesses }: VerifiedCheckpoint): readonly string[] {
  return [
    ...logKeys.map(({ name, id }) => `signed by ${name}+${id}`),
    ...witnesses.map(
      ({ key, atSeconds = 0 }) => `seen by ${key.name}+${key.id} at ${new Date(atSeconds * 1_000).toISOString()}`,
    ),
  ];
}

function ledgerToJson(found: VerifiedLedger): JsonObject {
  return { ...checkpointToJson(found), keys: found.history.keys.map(({ text }) => text) };
}

function printLedger(found: VerifiedLedger): readonly string[] {
  const { origin, size } = found.checkpoint;
  return [`${origin}: all ${size} events are the ones that were signed`, ...printSigners(found)];
}

function proofToJson(found: VerifiedProof): JsonObject {
  const { seq, digest, event } = found;
  return { ...checkpointToJson(found), seq, digest, ...(event === undefined ? {} : { event }) };
}

function printProof(found: VerifiedProof): readonly string[] {
  const { checkpoint, seq, digest, event } = found;
  const told = event === undefined ? digest : `${String(event['kind'])} ${String(event['id'])}`;
  return [`${checkpoint.origin}: event ${seq} of ${checkpoint.size} is ${told}`, ...printSigners(found)];
}
