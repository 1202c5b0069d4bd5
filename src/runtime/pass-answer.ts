import { newId } from '../base/clock.ts';
import { digestJson } from '../base/digest.ts';
import { findJsonProblem, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { scopesOf } from '../model/isolation.ts';
import type { Principal } from '../model/principal.ts';
import type { Run } from '../model/run.ts';
import type { GovernedTool } from '../model/tool.ts';
import { redactJson } from '../scan/redact.ts';
import type { LeavingFinding, LeavingRules } from '../scan/scan-arguments.ts';
import { commit } from './line/commit.ts';
import { findStop } from './line/find-stop.ts';
import { Refusal, refuse } from './line/refusal.ts';
import { fitText, recordFindings, recordReason } from './record-parts.ts';
import { leavingRulesFor } from './scan-rules.ts';
import type { World } from './world.ts';

/** What a client answers a server that asks while it works, or of its own accord. */
export interface QuestionAnswer {
  readonly principal: Principal;
  readonly runId: string;
  readonly server: string;
  /** The tool at work, `server/tool`, and its call; neither where the server asks outside of any. */
  readonly tool?: string;
  readonly callId?: string;
  /** How the server asked, as its protocol calls it. */
  readonly method: string;
  /** As the client was shown it: without secrets. */
  readonly question: JsonObject;
  readonly answer: JsonObject;
}

/** Characters of the question's own words that are recorded. */
const ASKED_CHARS = 1_024;

/** What holds for an answer that no tool asked for. */
const NO_RULES: LeavingRules = { sinks: [], allow: [], ask: [], deny: [], hostsDeclared: [], shellMeant: [] };

/**
 * Looks at an answer as at a call's arguments, since it leaves as they do, and records it; only then it may go. Nobody
 * can be asked in the middle of a call, so what would ask a person is refused. Undefined if it may go. Never rejects.
 */
export async function passAnswer(world: World, given: QuestionAnswer): Promise<Refusal | undefined> {
  try {
    const run = await world.runs.find(given.principal, given.runId);
    if (run === undefined) return refuse('E_RUN_UNKNOWN', 'this principal has no such run');
    const tool = given.tool === undefined ? undefined : world.catalog().tools.get(given.tool)?.governed;
    const looked = await look(world, given, tool);
    const recorded = await record(world, run, given, tool, looked);
    return recorded ?? looked.refusal;
  } catch (error) {
    world.onBug(error, given.callId ?? given.runId);
    return refuse('E_INTERNAL', 'a bug stopped this answer');
  }
}

interface Looked {
  readonly findings: readonly LeavingFinding[];
  readonly refusal?: Refusal;
  /** The answer as it may be written. Absent where writing it would spread what was found. */
  readonly written?: JsonObject;
}

async function look(world: World, given: QuestionAnswer, tool: GovernedTool | undefined): Promise<Looked> {
  const { answer } = given;
  const problem = findJsonProblem(answer, limits.jsonDepth);
  if (problem !== undefined) return { findings: [], refusal: refuse('E_ARGUMENTS_INVALID', problem.message) };
  const chars = JSON.stringify(answer).length;
  if (chars > limits.argumentBytes) {
    return {
      findings: [],
      refusal: refuse('E_LIMIT', `${chars} characters are more than the ${limits.argumentBytes}`),
    };
  }
  if (world.held.findIn(answer).length > 0) {
    return { findings: [], refusal: refuse('E_EGRESS_SECRET', 'a secret of this gateway stands in the answer') };
  }
  const written = redactJson(answer).value;
  const { manifest } = world.catalog();
  const rules = tool === undefined ? NO_RULES : leavingRulesFor(manifest, tool);
  let findings: readonly LeavingFinding[];
  try {
    findings = await world.scanner.scanArguments(answer, rules, chars);
  } catch {
    return { findings: [], written, refusal: refuse('E_SCAN', 'the answer could not be scanned') };
  }
  const stops = (one: LeavingFinding) =>
    one.callsFor === 'deny' || (one.callsFor === 'ask' && manifest.mode !== 'observe');
  const found = findings.find(stops);
  if (found === undefined) return { findings, written };
  const code = found.callsFor === 'deny' ? 'E_EGRESS_SECRET' : 'E_EGRESS_FINDING';
  return { findings, written, refusal: refuse(code, `found \`${found.kind}\` in what would leave`) };
}

/** A refusal where it cannot be written, or where what it belongs to was isolated or has ended meanwhile. */
async function record(
  world: World,
  run: Run,
  given: QuestionAnswer,
  tool: GovernedTool | undefined,
  { findings, refusal, written }: Looked,
): Promise<Refusal | undefined> {
  const { tenant, agent } = run.principal;
  const { server, callId, method, question, answer } = given;
  const { message } = question;
  const nowMs = world.clock.nowMs();
  const scopes = scopesOf({ tenant, agent, runId: run.id, server, tool: tool?.name, lineage: run.lineage });
  const stopped = findStop(world, scopes);
  if (stopped !== undefined) return stopped;
  const recorded = await commit(world, [
    { kind: 'run.require', tenant, agent, runId: run.id, nowMs },
    { kind: 'isolation.require', scopes },
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'question.answered',
        tenant,
        runId: run.id,
        ...(callId === undefined ? {} : { callId }),
        agent,
        ...(tool === undefined ? {} : { tool: tool.name }),
        atMs: nowMs,
        body: {
          server,
          method,
          question: digestJson(question),
          ...(typeof message === 'string' ? { asked: fitText(message, ASKED_CHARS) } : {}),
          passed: refusal === undefined,
          ...(written === undefined ? {} : { answer: written, answerDigest: digestJson(answer) }),
          findings: recordFindings(findings),
          reasons: (refusal?.reasons ?? []).map(recordReason),
        },
      },
    },
  ]);
  return recorded instanceof Refusal ? recorded : undefined;
}
