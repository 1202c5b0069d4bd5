import { findJsonProblem, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Finding } from '../../scan/detector.ts';
import { redactJson } from '../../scan/redact.ts';
import type { Admitted } from './admit.ts';
import { Refusal, refuse } from './refusal.ts';

/** Proof that what came in is JSON within limits and was looked at by every detector. Findings never grant. */
export class Scanned {
  readonly #findings: readonly Finding[];
  readonly admitted: Admitted;
  /** The arguments as they came: JSON, but not yet checked against anything. */
  readonly arguments: JsonObject;

  constructor(admitted: Admitted, args: JsonObject, findings: readonly Finding[]) {
    this.#findings = findings;
    this.admitted = admitted;
    this.arguments = args;
  }

  get findings(): readonly Finding[] {
    return this.#findings;
  }
}

export function scan(admitted: Admitted): Scanned | Refusal {
  const args = admitted.request.arguments ?? {};
  const problem = findJsonProblem(args, limits.jsonDepth);
  if (problem !== undefined) {
    return new Refusal(
      [{ code: 'E_ARGUMENTS_INVALID', message: problem.message, path: problem.path }],
      'E_ARGUMENTS_INVALID',
    );
  }
  if (!isJsonObject(args)) return refuse('E_ARGUMENTS_INVALID', 'the arguments are not a JSON object');
  const { input } = admitted.request;
  const answered = input?.responses === undefined ? [] : redactJson(input.responses).findings;
  return new Scanned(admitted, args, [...redactJson(args).findings, ...answered]);
}
