import { Fault } from '../../base/fault.ts';
import { findJsonProblem, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Finding } from '../../scan/detector.ts';
import { redactJson } from '../../scan/redact.ts';
import type { LeavingFinding } from '../../scan/scan-arguments.ts';
import { recordFindings } from '../record-parts.ts';
import { leavingRulesFor } from '../scan-rules.ts';
import type { World } from '../world.ts';
import type { Admitted } from './admit.ts';
import { Refusal, refuse } from './refusal.ts';

/** Proof that what came in is JSON within limits and was looked at by every detector. Findings never grant. */
export class Scanned {
  readonly #findings: readonly Finding[];
  readonly #leaving: readonly LeavingFinding[];
  readonly admitted: Admitted;
  /** The arguments as they came: JSON, but not yet checked against anything. */
  readonly arguments: JsonObject;

  constructor(admitted: Admitted, args: JsonObject, findings: readonly Finding[], leaving: readonly LeavingFinding[]) {
    this.#findings = findings;
    this.#leaving = leaving;
    this.admitted = admitted;
    this.arguments = args;
  }

  /** Everything that was seen, for the record. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** What was seen in arguments by which something may leave, and what it calls for: it narrows the decision. */
  get leaving(): readonly LeavingFinding[] {
    return this.#leaving;
  }
}

export async function scan(world: World, admitted: Admitted): Promise<Scanned | Refusal> {
  const { request, catalog } = admitted;
  const args = request.arguments ?? {};
  const problem = findJsonProblem(args, limits.jsonDepth);
  if (problem !== undefined) {
    return new Refusal(
      [{ code: 'E_ARGUMENTS_INVALID', message: problem.message, path: problem.path }],
      'E_ARGUMENTS_INVALID',
    );
  }
  if (!isJsonObject(args)) return refuse('E_ARGUMENTS_INVALID', 'the arguments are not a JSON object');
  // Answers to a tool's own questions leave beside the arguments.
  const leaving: LeavingFinding[] = [];
  const found: Finding[] = [];
  const { responses } = request.input ?? {};
  for (const part of responses === undefined ? [args] : [args, responses]) {
    const chars = JSON.stringify(part).length;
    if (chars > limits.argumentBytes)
      return refuse('E_LIMIT', `${chars} characters are more than the ${limits.argumentBytes} that arguments may have`);
    if (chars <= limits.scanInlineChars) found.push(...redactJson(part).findings);
    const [held] = world.held.findIn(part);
    if (held !== undefined) return holdBack(held);
    // Of a tool that nobody has, nothing will leave; the next stage says so.
    const entry = catalog.find(request.tool, request.principal.agent);
    if (entry === undefined) continue;
    try {
      const rules = leavingRulesFor(catalog.manifest, entry.governed);
      leaving.push(...(await world.scanner.scanArguments(part, rules, chars)));
    } catch (error) {
      return refuse('E_SCAN', error instanceof Fault ? error.message : 'the arguments could not be scanned');
    }
  }
  return new Scanned(admitted, args, [...found, ...leaving], leaving);
}

/** Nobody is asked, and the arguments are not recorded: the secret would be in either. */
function holdBack(finding: Finding): Refusal {
  const { path } = finding;
  const message = 'a secret of this gateway stands in the arguments';
  return new Refusal([{ code: 'E_EGRESS_SECRET', message, ...(path ? { path } : {}) }], 'E_EGRESS_SECRET', {
    record: { findings: recordFindings([finding]) },
  });
}
