import { limits } from '../../base/limits.ts';
import { type Place, printPlace } from '../../model/place.ts';
import { useCedar } from './cedar-engine.ts';
import { locateOffset } from './locate-offset.ts';
import { describeError, policyFault } from './policy-fault.ts';
import type { PolicyJson } from './policy-json.ts';
import { type Statement, splitStatements } from './split-statements.ts';

/** Cedar text and the file it came from. */
export interface PolicySource {
  readonly file: string;
  readonly text: string;
  /** The line a person wrote that `text` was generated from: everything in `text` is then placed there. */
  readonly place?: Place;
}

/** One policy as it was written. */
export interface ParsedPolicy {
  /** Its `@id`, or `<file>#<number in the file, from 1>`. Unique among the policies parsed together. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** Where the statement begins, annotations included. */
  readonly place: Place;
  /** Whether the text was generated, so that every place in it is `place`. */
  readonly generated: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** The statement, exactly. */
  readonly text: string;
  readonly json: PolicyJson;
}

/**
 * Parses Cedar policies. Throws a `Fault` `E_POLICY_INVALID` that lists what is wrong as `file:line:column: message`:
 * text Cedar does not parse, templates, an id used twice, or more than `limits` allows.
 */
export function parsePolicies(sources: readonly PolicySource[]): ParsedPolicy[] {
  const problems: string[] = [];
  const policies: ParsedPolicy[] = [];
  const byId = new Map<string, Place>();
  for (const source of sources) {
    for (const [i, statement] of statementsOf(source, problems).entries()) {
      if (policies.length >= limits.policies) {
        throw policyFault([`${source.file}: more than ${limits.policies} policies in one bundle`]);
      }
      const policy = parseStatement(source, statement, i + 1, problems);
      if (!policy) continue;
      const other = byId.get(policy.id);
      if (other) problems.push(`${printPlace(policy.place)}: the id \`${policy.id}\` is taken by ${printPlace(other)}`);
      byId.set(policy.id, policy.place);
      policies.push(policy);
    }
  }
  if (problems.length > 0) throw policyFault(problems);
  return policies;
}

function statementsOf(source: PolicySource, problems: string[]): Statement[] {
  // A UTF-16 unit is at most three bytes, so short texts need no count.
  if (source.text.length * 3 > limits.fileBytes && new TextEncoder().encode(source.text).length > limits.fileBytes) {
    problems.push(`${source.file}: a policy file is at most ${limits.fileBytes} bytes long`);
    return [];
  }
  if (!source.text.isWellFormed()) {
    problems.push(`${source.file}: the text holds half of a surrogate pair`);
    return [];
  }
  return splitStatements(source.text);
}

function parseStatement(
  source: PolicySource,
  statement: Statement,
  ordinal: number,
  problems: string[],
): ParsedPolicy | undefined {
  const { text } = statement;
  const generated = source.place !== undefined;
  const place = source.place ?? locateOffset({ file: source.file, line: 1, column: 1 }, source.text, statement.start);
  if (statement.depth > limits.policyDepth) {
    problems.push(`${printPlace(place)}: the policy is nested too deeply; split it into several`);
    return undefined;
  }
  const answer = useCedar((cedar) => cedar.policyToJson(text));
  if (answer.type === 'failure') {
    for (const error of answer.errors) problems.push(describeError({ place, text, generated }, error));
    return undefined;
  }
  const { json } = answer;
  const annotations = new Map(Object.entries(json.annotations ?? {}).map(([name, text]) => [name, text ?? '']));
  return {
    id: annotations.get('id') || `${source.file}#${ordinal}`,
    effect: json.effect,
    place,
    generated,
    annotations: Object.fromEntries(annotations),
    text,
    json,
  };
}
