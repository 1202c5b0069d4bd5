import { openLedgerFolder } from '../../adapters/ledgers/files/open-ledger-folder.ts';
import { openReveals, type Revealed } from '../../adapters/stores/sealed/open-reveals.ts';
import type { Clock } from '../../base/clock.ts';
import { type Digest, digestBytes } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { canonicalJson, type JsonObject } from '../../base/json.ts';
import { parseCheckpoint } from '../../ledger/checkpoint.ts';
import { indexOfEvent } from '../../ledger/event-entry.ts';
import { proveInclusion } from '../../ledger/proofs.ts';
import { readKeyEntries } from '../../ledger/read-key-history.ts';
import { readTile } from '../../ledger/read-tile.ts';
import { toBase64, toText } from '../../ledger/text-bytes.ts';
import { CHECKPOINT_PATH } from '../../ledger/tiles.ts';
import type { Approval } from '../../model/approval.ts';
import type { StoredEvent } from '../../model/event.ts';
import { withoutExact } from '../../model/exact.ts';
import { hashPersonal, type Tag } from '../../scan/hash-personal.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder } from '../data-folder.ts';
import { openLedgerSigner, placeLedger } from '../ledger/start-ledger.ts';
import { openRecordFor } from '../open-config.ts';
import { readRecordKeys } from '../open-store.ts';
import { isFormerBundle, nameBundle, requireBundle, type StoredBundle } from '../reopen-bundle.ts';
import { type Contents, type EventLine, FILES, FORMAT } from './archive-form.ts';
import { ArchiveWriter, type Draft } from './archive-writer.ts';
import { printReportEnd, printReportHead, printReportRow } from './print-report.ts';
import { type Scope, selectEvents } from './scope.ts';

export interface ExportOptions {
  readonly loaded: LoadedConfig;
  readonly scope: Scope;
  /** Absolute path of the archive, which must not be there yet. */
  readonly out: string;
  /** Whether what decisions were made from is in it, with the personal data in it that is hashed everywhere else. */
  readonly withInputs?: boolean;
  readonly clock: Clock;
}

/** On whose behalf something was done: the record is of them. */
const WHO: ReadonlySet<string> = new Set(['user']);
const CERT_IN_MS = 6 * 3_600_000;
const DPDP_MS = 72 * 3_600_000;

/**
 * Writes everything that is on record of a scope into one archive that is verified anywhere with the log's public key: the
 * events with their proofs, what their seals hold, the checkpoint and key history, the rules that were in force with the
 * tools as they were pinned, the questions to people, and a page for people. That it is taken out is recorded first. Runs
 * beside a gateway that is at work.
 *
 * @throws Fault E_NOT_FOUND where there is nothing of that name, or nothing is signed yet; E_USAGE where `out` cannot be
 * written; E_STORE, E_LEDGER, E_RECORD_KEY.
 */
export async function exportEvidence(options: ExportOptions): Promise<Contents> {
  const { loaded, scope, out, clock, withInputs = false } = options;
  const { tenant } = loaded.manifest;
  const files = openLedgerFolder(placeLedger(loaded).folder);
  const bytes = await files.read(CHECKPOINT_PATH);
  if (bytes === undefined) throw new Fault('E_NOT_FOUND', 'there is no checkpoint: nothing has been signed yet');
  const checkpoint = toText(bytes, CHECKPOINT_PATH);
  const { origin, size } = parseCheckpoint(checkpoint);
  const keys = readRecordKeys(dataFolder(loaded));
  const record = await openRecordFor(loaded, describeReading(scope, withInputs));
  try {
    const reveal = openReveals(record, keys);
    const { pages, incident } = await selectEvents(record, tenant, scope);
    await using archive = await ArchiveWriter.create(out);
    const events = await archive.draft(FILES.events);
    const rows = await archive.draft('rows');
    const seen = {
      events: 0,
      lastSeq: 0,
      uncovered: 0,
      heldBack: 0,
      bundles: new Set<Digest>(),
      approvals: new Set<string>(),
    };
    for await (const page of pages) {
      const revealed = await reveal(tenant, page);
      for (const event of page) {
        if (indexOfEvent(event) >= size) {
          seen.uncovered++;
          continue;
        }
        const hashes = await proveInclusion((name) => readTile(files, name), indexOfEvent(event), size);
        const line = lineOf(event, seen.lastSeq, hashes.map(toBase64), choose(revealed.get(event.id), withInputs));
        await events.write(`${JSON.stringify(line)}\n`);
        await rows.write(printReportRow(withInputs ? event : { ...event, body: withoutExact(event.body) }));
        seen.lastSeq = event.seq;
        if (!withInputs && event.body['exact'] !== undefined) seen.heldBack++;
        note(seen, event);
      }
    }
    const contents: Omit<Contents, 'files'> = {
      format: FORMAT,
      tenant,
      scope: describeScope(scope),
      madeAt: new Date(clock.nowMs()).toISOString(),
      events: seen.events,
      uncovered: seen.uncovered,
      heldBack: seen.heldBack,
      log: { origin, size },
      ...(incident === undefined ? {} : { incident: deadlinesOf(incident) }),
    };
    await archive.addDraft(events);
    await archive.add(FILES.checkpoint, checkpoint);
    for (const [i, entry] of (await readKeyEntries(files)).entries()) await archive.add(FILES.key(i + 1), entry);
    for (const bundle of seen.bundles) {
      const found = await record.readBundle(bundle);
      if (found === undefined) continue;
      const isFormer = isUnverifiable(found);
      if (!isFormer) requireBundle(found);
      const file = isFormer ? FILES.formerBundle(bundle) : FILES.bundle(bundle);
      await archive.add(file, canonicalJson(found.content));
    }
    const approvals: Approval[] = [];
    const tag = await keys.tagPersonal();
    for (const id of seen.approvals) {
      const approval = await record.readApproval(tenant, id);
      if (approval === undefined) continue;
      approvals.push(withInputs ? approval : hashApproval(approval, (value) => tag(tenant, value)));
    }
    await archive.add(FILES.approvals, `${JSON.stringify(approvals, null, 2)}\n`);
    await addReport(archive, contents, rows, approvals, [...seen.bundles]);
    const whole: Contents = { ...contents, files: { ...archive.digests } };
    const text = `${JSON.stringify(whole, null, 2)}\n`;
    const signer = await openLedgerSigner(loaded, clock);
    await archive.add(FILES.contents, text);
    await archive.add(FILES.signature, await signer.signEvidence(digestBytes(text)));
    await archive.finish();
    return whole;
  } finally {
    await record.close();
  }
}

/** Whoever verifies cannot tell by the name that these are the rules, and has the log's signature for it. */
function isUnverifiable(stored: StoredBundle): boolean {
  return isFormerBundle(stored) && nameBundle(stored.content) !== stored.bundle;
}

type Opened = Pick<EventLine, 'opened' | 'exact'>;

/** The event as it stands in the record, and beside it what its seal holds. */
function lineOf(event: StoredEvent, after: number, proof: string[], opened: Opened): EventLine {
  const { digest: _, sealed, erased: _erased, ...told } = event;
  return { event: { ...told, body: sealed ?? told.body }, after, proof, ...opened };
}

/** Of an event that was recorded so that nothing can be left out of it, all or nothing is shown. */
function choose({ shown, exact, whole }: Revealed = {}, withInputs: boolean): Opened {
  const opened = shown ?? (withInputs ? whole : undefined);
  return {
    ...(opened === undefined ? {} : { opened }),
    ...(exact === undefined || !withInputs ? {} : { exact }),
  };
}

/** A question to people, with keyed hashes where personal data stands in what was asked. */
function hashApproval(approval: Approval, tag: Tag): Approval {
  const { arguments: args, input, reasons, facts } = approval;
  const asked = JSON.parse(JSON.stringify({ arguments: args, input, reasons })) as JsonObject;
  const known = facts && (JSON.parse(JSON.stringify(facts)) as JsonObject);
  return {
    ...approval,
    ...hashPersonal(asked, tag).value,
    ...(known === undefined ? {} : { facts: hashPersonal(known, tag, WHO).value }),
  } as Approval; // of the same shape, with other texts in it
}

function describeReading(scope: Scope, withInputs: boolean): string {
  const told = Object.entries(describeScope(scope)).map((pair) => pair.join(' '));
  return `evidence of ${told.join(' ')}${withInputs ? ', with what decisions were made from' : ''}`;
}

function note(seen: { events: number; bundles: Set<Digest>; approvals: Set<string> }, { body }: StoredEvent): void {
  seen.events++;
  const { bundle, approvalId } = body;
  if (typeof bundle === 'string') seen.bundles.add(bundle as Digest); // only digests are written there
  if (typeof approvalId === 'string') seen.approvals.add(approvalId);
}

async function addReport(
  archive: ArchiveWriter,
  contents: Omit<Contents, 'files'>,
  rows: Draft,
  approvals: readonly Approval[],
  bundles: readonly string[],
): Promise<void> {
  const report = await archive.draft(FILES.report);
  await report.write(printReportHead(contents));
  await rows.finish();
  for await (const chunk of rows.read()) await report.write(chunk);
  await report.write(printReportEnd(approvals, bundles));
  await archive.addDraft(report);
}

function describeScope(scope: Scope): Record<string, string> {
  switch (scope.kind) {
    case 'run':
      return { run: scope.runId };
    case 'incident':
      return { incident: scope.id };
    case 'time':
      return { from: new Date(scope.fromMs).toISOString(), to: new Date(scope.toMs).toISOString() };
  }
}

/** The clock of a report starts when somebody, or something, noticed: at the event that the incident is. */
function deadlinesOf({ atMs }: StoredEvent): NonNullable<Contents['incident']> {
  const at = (ms: number) => new Date(Math.trunc(ms)).toISOString();
  return { noticedAt: at(atMs), certInBy: at(atMs + CERT_IN_MS), dpdpBy: at(atMs + DPDP_MS) };
}
