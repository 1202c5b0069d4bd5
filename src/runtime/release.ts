import { newId } from '../base/clock.ts';
import { digestBytes } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import { findJsonProblem, type JsonObject, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { FlowRun } from '../flow/flow-run.ts';
import type { Reason } from '../model/decision.ts';
import { scopesOf } from '../model/isolation.ts';
import type { Principal } from '../model/principal.ts';
import type { Run } from '../model/run.ts';
import { compileSchema } from '../policy/arguments/compile-schema.ts';
import type { LeavingFinding, LeavingRules } from '../scan/scan-arguments.ts';
import { commit } from './line/commit.ts';
import { findStop } from './line/find-stop.ts';
import { Refusal, refuse } from './line/refusal.ts';
import { fitText, recordFindings, recordReason } from './record-parts.ts';
import type { World } from './world.ts';

export interface ReleaseRequest {
  readonly principal: Principal;
  readonly runId: string;
  readonly text: string;
  /** Who gets it: an address or a name. The user of the run unless told. */
  readonly audience?: string;
  /** What the answer has promised to be: the text is JSON that fits this schema, read as closed as it is written. */
  readonly schema?: JsonObject;
}

/** What may become of an answer. It has been recorded before it is returned. */
export interface ReleaseAnswer {
  /** `ask`: a person should look at it before anybody gets it. */
  readonly verdict: 'permit' | 'ask' | 'deny';
  /** Empty on a permit. For people. */
  readonly reasons: readonly Reason[];
  /** Names the record. Absent where nothing could be recorded, which is a denial. */
  readonly id?: string;
}

const MOST_REASONS = 20;
const AUDIENCE_CHARS = 1_024;
/** Findings that say that a value belongs to a person: no fault in what goes to that very person. */
const PERSONAL = 'personal-data';
const rules: LeavingRules = {
  sinks: [{ path: 'text', carries: 'data' }],
  allow: [],
  ask: [
    ...['card-number', 'iban', 'us-social-security-number', 'uk-national-insurance-number', 'indian-aadhaar'],
    ...['brazilian-cpf', 'spanish-dni', 'italian-codice-fiscale', 'french-nir', 'polish-pesel', 'dutch-bsn'],
  ],
  deny: [],
  hostsDeclared: [],
  shellMeant: [],
};

/**
 * Judges an answer on its way to somebody, as the sink it is: texts that must never leave, credentials, data of another
 * user or of somebody unknown, addresses that carry data out, and what the answer has promised to be. Never throws and
 * never rejects: what cannot be judged or recorded is denied.
 */
export async function release(world: World, request: ReleaseRequest): Promise<ReleaseAnswer> {
  try {
    return await judge(world, request);
  } catch (error) {
    const id = newId(world.clock, 'err');
    world.onBug(error, id);
    return deny(refuse('E_INTERNAL', `a bug stopped this answer: ${id}`));
  }
}

async function judge(world: World, request: ReleaseRequest): Promise<ReleaseAnswer> {
  const { text, audience, principal } = request;
  const catalog = world.catalog();
  let run: Run | undefined;
  let flow: FlowRun;
  try {
    run = await world.runs.find(principal, request.runId);
    if (run === undefined) return deny(refuse('E_RUN_UNKNOWN', 'this principal has no such run'));
    flow = await world.runs.flows.of(run, catalog);
  } catch (error) {
    return deny(refuse('E_STORE', error instanceof Fault ? error.message : 'the run could not be read'));
  }
  const found = text.length > limits.resultBytes ? [] : await scan(world, text);
  const answers = [
    heldToSize(text),
    found instanceof Refusal ? { verdict: 'deny' as const, reasons: found.reasons } : judgeFindings(found, text, flow),
    heldToContract(text, request.schema),
    flow.release(text, audience),
  ];
  const verdict = answers.some((answer) => answer.verdict === 'deny')
    ? 'deny'
    : answers.some((answer) => answer.verdict === 'ask')
      ? 'ask'
      : 'permit';
  const reasons = answers
    .filter((answer) => answer.verdict !== 'permit')
    .flatMap((answer) => answer.reasons)
    .slice(0, MOST_REASONS);
  return record(world, run, flow, request, { verdict, reasons }, found instanceof Refusal ? [] : found);
}

type Judged = Pick<ReleaseAnswer, 'verdict' | 'reasons'>;
const permitted: Judged = { verdict: 'permit', reasons: [] };

const deny = (refusal: Refusal): ReleaseAnswer => ({ verdict: 'deny', reasons: refusal.reasons });

function heldToSize(text: string): Judged {
  if (text.length <= limits.resultBytes) return permitted;
  return deny(refuse('E_LIMIT', `the answer is longer than ${limits.resultBytes} characters`));
}

async function scan(world: World, text: string): Promise<readonly LeavingFinding[] | Refusal> {
  try {
    return await world.scanner.scanArguments({ text: text.toWellFormed() }, rules, text.length);
  } catch (error) {
    return refuse('E_SCAN', error instanceof Fault ? error.message : 'the answer could not be scanned');
  }
}

/** A credential never goes out; what else was found a person looks at, unless it is the user's own. */
function judgeFindings(found: readonly LeavingFinding[], text: string, flow: FlowRun): Judged {
  const serious = found.filter(
    ({ callsFor, detector, start, end }) =>
      callsFor !== 'nothing' && !(detector === PERSONAL && flow.isUsers(text.slice(start, end))),
  );
  if (serious.length === 0) return permitted;
  const isSecret = ({ detector }: LeavingFinding) => SECRET_DETECTORS.has(detector);
  return {
    verdict: serious.some(isSecret) ? 'deny' : 'ask',
    reasons: [...serious.filter(isSecret), ...serious.filter((finding) => !isSecret(finding))].map(({ kind }) => ({
      code: 'E_EGRESS_FINDING' as const,
      message: `found \`${kind}\` in the answer`,
      policy: `scan.${kind}`,
    })),
  };
}

const SECRET_DETECTORS: ReadonlySet<string> = new Set(['secret-shapes', 'secrets', 'wallet-keys', 'split-secrets']);

/** The answer has to be what the host application told its callers to expect of it. */
function heldToContract(text: string, schema: JsonObject | undefined): Judged {
  if (schema === undefined) return permitted;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue; // JSON is what this parses; its depth is looked at below
  } catch {
    return deny(refuse('E_ANSWER_INVALID', 'the answer is not JSON'));
  }
  const problem = findJsonProblem(value, limits.jsonDepth);
  if (problem !== undefined) return deny(refuse('E_ANSWER_INVALID', `${problem.path}: ${problem.message}`));
  try {
    const violation = compileSchema(schema, 'open').find(value);
    if (violation === undefined) return permitted;
    const { path, message } = violation;
    return { verdict: 'deny', reasons: [{ code: 'E_ANSWER_INVALID', message, path }] };
  } catch (error) {
    return deny(refuse('E_ANSWER_INVALID', error instanceof Fault ? error.message : 'its contract cannot be held'));
  }
}

/** A permit holds only for a run that lives, is not isolated, and has read nothing worse meanwhile. */
async function record(
  world: World,
  run: Run,
  flow: FlowRun,
  { text, audience }: ReleaseRequest,
  { verdict, reasons }: Judged,
  found: readonly LeavingFinding[],
): Promise<ReleaseAnswer> {
  const { tenant, agent } = run.principal;
  const atMs = world.clock.nowMs();
  const id = newId(world.clock, 'evt');
  const { label } = flow;
  const scopes = scopesOf({ tenant, agent, runId: run.id, lineage: run.lineage });
  const stopped = verdict === 'permit' ? findStop(world, scopes) : undefined;
  if (stopped !== undefined) return deny(stopped);
  const recorded = await commit(world, [
    ...(verdict === 'permit'
      ? [
          { kind: 'run.require' as const, tenant, agent, runId: run.id, nowMs: atMs, label },
          { kind: 'isolation.require' as const, scopes },
        ]
      : []),
    {
      kind: 'event.append',
      event: {
        id,
        kind: verdict === 'permit' ? 'answer.released' : 'answer.withheld',
        tenant,
        runId: run.id,
        agent,
        atMs,
        body: {
          verdict,
          reasons: reasons.map(recordReason),
          audience: audience === undefined ? null : fitText(audience, AUDIENCE_CHARS),
          characters: text.length,
          digest: digestBytes(text),
          label: { ...label, origins: [...label.origins] },
          findings: recordFindings(found),
        },
      },
    },
  ]);
  if (recorded instanceof Refusal) return deny(recorded);
  return { verdict, reasons, id };
}
