import { newId } from '../base/clock.ts';
import { digestBytes } from '../base/digest.ts';
import { type ErrorCode, errorEntry } from '../base/errors.ts';
import { Fault } from '../base/fault.ts';
import { findJsonProblem, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Reason } from '../model/decision.ts';
import type { EventKind } from '../model/event.ts';
import type { Label } from '../model/label.ts';
import type { Principal } from '../model/principal.ts';
import type { Redaction } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { ScannedResult } from '../scan/scan-result.ts';
import { readSourceRule, type SourceRule } from '../scan/source-rule.ts';
import { wrapUntrusted } from '../scan/wrap-untrusted.ts';
import type { HistoryChange, HistoryComparison } from './history-book.ts';
import { limitReports } from './limit-reports.ts';
import { commit } from './line/commit.ts';
import { Refusal, refuse } from './line/refusal.ts';
import { recordScan } from './record-outcome.ts';
import { fitText, PATH_CHARS, recordFindings, recordPlaces } from './record-parts.ts';
import { namedSourceRule } from './scan-rules.ts';
import { type ShownFindings, showFindings } from './show-findings.ts';
import type { World } from './world.ts';

interface Ingested {
  readonly principal: Principal;
  readonly runId: string;
  /**
   * Whether a host application hands this over. Of anybody else it is not believed that content is the user's own, or
   * their organisation's: it is taken to be from outside.
   */
  readonly attested: boolean;
}

/** Content on its way to the model that no tool brought: a retrieved document, a page, a mail, memory. */
export interface IngestContent extends Ingested {
  readonly content: string;
  /** A kind of source, `mail` or `web-page`, or a name under `sources` of the manifest. */
  readonly source: string;
}

/** The conversation so far, oldest message first; always all of it. */
export interface IngestHistory extends Ingested {
  readonly messages: readonly JsonObject[];
}

/** What ingesting came to. It has been recorded before it is returned. */
export type IngestAnswer =
  | {
      readonly kind: 'ingested';
      /** Names the record. */
      readonly id: string;
      /** What to hand to the model: without secrets and hidden characters, and between the run's markers unless it is own. */
      readonly text: string;
      readonly redactions: readonly Redaction[];
      readonly scan: ShownFindings;
    }
  | IngestRefused;

export type HistoryAnswer =
  | {
      readonly kind: 'ingested';
      readonly id: string;
      /** Messages that were not recorded before. */
      readonly added: number;
      /** How the history differs from what was recorded: somebody changed it since. */
      readonly altered?: HistoryChange;
      readonly scan: ShownFindings;
    }
  | IngestRefused;

export interface IngestRefused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly reasons: readonly Reason[];
  readonly toModel: string;
}

export const HISTORY = 'history';

/** Scans content, records that the run has read it, and hands it back marked as what it is. Never throws. */
export async function ingest(world: World, request: IngestContent): Promise<IngestAnswer> {
  return answering(world, async () => {
    const { content, source } = request;
    const chars = content.length;
    if (chars > limits.resultBytes)
      return refuse('E_LIMIT', `${chars} characters are more than the ${limits.resultBytes} that may come in at once`);
    const run = await findRun(world, request);
    if (run instanceof Refusal) return run;
    const rule = believe(namedSourceRule(world.catalog().manifest, source), request.attested);
    const scanned = await scanText(world, content, rule);
    if (scanned instanceof Refusal) return scanned;
    const shown = showFindings(scanned, source);
    const withheld =
      shown.flagged && rule.whenFlagged === 'withhold'
        ? refuse('E_CONTENT_FLAGGED', `flagged at ${shown.risk} as \`${source}\`; it was withheld`)
        : undefined;
    const text = String(scanned.result.content[0]?.['text'] ?? '');
    const id = await record(world, run, 'content.ingested', labelOf(rule, shown.flagged), request.attested, {
      source,
      characters: chars,
      digest: digestBytes(content),
      withheld: withheld !== undefined,
      ...(text.length <= limits.recordedChars ? { text: text.toWellFormed() } : {}),
      ...recordScanned(scanned, shown),
    });
    if (id instanceof Refusal) return id;
    if (withheld !== undefined) return withheld;
    const { datamark } = rule;
    return {
      kind: 'ingested',
      id,
      text: rule.trust === 'own' ? text : wrapUntrusted(text, world.markers.of(run.id), { source, datamark }),
      redactions: scanned.redactions,
      scan: shown,
    };
  });
}

/**
 * Holds a conversation against what was recorded of it, scans the messages that are new, and records them. One that was
 * altered since is reported, taints the run, and is what the next one is held against. Never throws.
 */
export async function ingestHistory(world: World, request: IngestHistory): Promise<HistoryAnswer> {
  return answering(world, () =>
    world.histories.inTurn(request.runId, async () => {
      const { messages } = request;
      const problem = findJsonProblem(messages, limits.jsonDepth);
      if (problem !== undefined) return refuse('E_REQUEST_INVALID', `a message${problem.path}: ${problem.message}`);
      if (messages.length > limits.historyMessages)
        return refuse('E_LIMIT', `a history has at most ${limits.historyMessages} messages`);
      const run = await findRun(world, request);
      if (run instanceof Refusal) return run;
      let compared: HistoryComparison;
      try {
        compared = await world.histories.compare(run.principal.tenant, run.id, messages);
      } catch (error) {
        return refuse('E_STORE', error instanceof Fault ? error.message : 'what was recorded cannot be read');
      }
      const rule = believe(namedSourceRule(world.catalog().manifest, HISTORY), request.attested);
      const { change, from, digests, head } = compared;
      const text = JSON.stringify(messages.slice(from));
      if (text.length > limits.resultBytes)
        return refuse('E_LIMIT', `${text.length} characters of new messages are more than ${limits.resultBytes}`);
      const scanned = await scanMessages(world, messages.slice(from), text.length, rule);
      if (scanned instanceof Refusal) return scanned;
      const shown = showFindings(scanned, HISTORY);
      const label = labelOf(rule, shown.flagged);
      const tainted: Label = change === undefined ? label : { ...label, integrity: 'untrusted', flagged: true };
      const kind = change === undefined ? 'history.recorded' : 'history.altered';
      const id = await record(world, run, kind, tainted, request.attested, {
        messages: messages.length,
        from,
        digests: [...digests],
        head,
        ...(change === undefined ? {} : { altered: { ...change } }),
        ...recordScanned(scanned, shown),
      });
      if (id instanceof Refusal) return id;
      return {
        kind: 'ingested',
        id,
        added: digests.length,
        ...(change === undefined ? {} : { altered: change }),
        scan: shown,
      };
    }),
  );
}

/** Runs what can go wrong in any way, and turns that into a refusal. */
async function answering<Answer>(world: World, work: () => Promise<Answer | Refusal>): Promise<Answer | IngestRefused> {
  let answer: Answer | Refusal;
  try {
    answer = await work();
  } catch (error) {
    const id = newId(world.clock, 'err');
    world.onBug(error, id);
    answer = refuse('E_INTERNAL', `a bug stopped this content: ${id}`);
  }
  if (!(answer instanceof Refusal)) return answer;
  return { kind: 'refused', code: answer.code, reasons: answer.reasons, toModel: errorEntry(answer.code).toModel };
}

async function findRun(world: World, { principal, runId }: Ingested): Promise<Run | Refusal> {
  try {
    const run = await world.runs.find(principal, runId);
    if (run === undefined) return refuse('E_RUN_UNKNOWN', 'this principal has no such run');
    if (run.expiresAtMs <= world.clock.nowMs()) return refuse('E_RUN_ENDED', 'the run has expired');
    return run;
  } catch {
    return refuse('E_STORE', 'the run could not be read');
  }
}

/** A rule as far as the caller is believed: only a host application can say that content is not from outside. */
function believe(rule: SourceRule, attested: boolean): SourceRule {
  if (attested || rule.trust === 'outside') return rule;
  const outside = readSourceRule(rule.source, { trust: 'outside' });
  return { ...rule, trust: 'outside', threshold: Math.min(rule.threshold, outside.threshold) };
}

function labelOf({ trust, source }: SourceRule, flagged: boolean): Label {
  return {
    integrity: trust === 'own' ? 'trusted' : 'untrusted',
    secrecy: 'internal',
    origins: [`source:${source}`],
    ...(flagged ? { flagged: true } : {}),
  };
}

function scanText(world: World, text: string, rule: SourceRule): Promise<ScannedResult | Refusal> {
  return scanMessages(world, [{ type: 'text', text }], text.length, rule);
}

async function scanMessages(
  world: World,
  content: readonly JsonObject[],
  chars: number,
  rule: SourceRule,
): Promise<ScannedResult | Refusal> {
  try {
    return await world.scanner.scanResult({ content }, rule, chars);
  } catch (error) {
    // Not having looked is not the same as having found nothing.
    return refuse('E_SCAN', error instanceof Fault ? error.message : 'the content could not be scanned');
  }
}

function recordScanned(scanned: ScannedResult, shown: ShownFindings): JsonObject {
  return {
    scan: recordScan(shown, scanned.classifiers),
    findings: recordFindings(scanned.findings),
    redactions: recordPlaces(scanned.redactions, ({ kind, path, characters }) => ({
      kind,
      path: fitText(path, PATH_CHARS),
      characters,
    })),
  };
}

/** Raises the run's label and records why, or neither. The run has to live at that moment. */
async function record(
  world: World,
  run: Run,
  kind: EventKind,
  label: Label,
  attested: boolean,
  body: JsonObject,
): Promise<string | Refusal> {
  const { tenant, agent } = run.principal;
  const atMs = world.clock.nowMs();
  const id = newId(world.clock, 'evt');
  const raised = world.runs.raise(run, label);
  const recorded = await commit(world, [
    { kind: 'run.require', tenant, agent, runId: run.id, nowMs: atMs },
    ...limitReports(run.id, attested, body, atMs),
    { kind: 'run.label', runId: run.id, label: raised },
    {
      kind: 'event.append',
      event: {
        id,
        kind,
        tenant,
        runId: run.id,
        agent,
        atMs,
        body: { ...body, label: { ...raised, origins: [...raised.origins] } },
      },
    },
  ]);
  return recorded instanceof Refusal ? recorded : id;
}
