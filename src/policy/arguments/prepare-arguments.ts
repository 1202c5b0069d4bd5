import type { JsonObject } from '../../base/json.ts';
import type { Reason } from '../../model/decision.ts';
import type { Principal } from '../../model/principal.ts';
import { type GovernedTool, toolName } from '../../model/tool.ts';
import { findPath } from './argument-path.ts';
import { bindConstraints, type LocatedConstraint } from './bind-constraints.ts';
import { copyArguments } from './canonical-arguments.ts';
import { prepareDangerCheck } from './check-dangers.ts';
import { compileSchema } from './compile-schema.ts';
import type { Violation } from './explain-violation.ts';
import { SchemaDocument } from './schema-document.ts';
import { WorkBudget, WorkExhausted } from './work-budget.ts';

/** What came of checking a call's arguments. On success they are a copy of their own: exactly what will execute. */
export type CheckedArguments =
  | { readonly ok: true; readonly arguments: JsonObject }
  | { readonly ok: false; readonly reasons: readonly Reason[] };

/** Checks the arguments of calls of one tool under one set of constraints. `check` never throws. */
export interface ArgumentCheck {
  check(args: unknown, principal: Principal): CheckedArguments;
}

/** Reasons told at most: a list of a million bad elements is bad enough after the first few. */
const MAX_REASONS = 20;

/**
 * Prepares everything the arguments of a tool's calls are held against: the tool's schema, closed against unnamed
 * parameters (`closeSchema`); the constraints of the manifest's declaration and of the agent's grant, all of which
 * have to hold (`bindConstraints`); and the built-in checks (`prepareDangerCheck`).
 *
 * The arguments are executed as they were given, with two exceptions: a path under `directories` and a URL under
 * `hosts` are put in the canonical form that was judged, so that no other reader can find something else in them.
 * Defaults are never filled in.
 *
 * Throws a `Fault`: E_TOOL_SCHEMA when the schema cannot be enforced (the tool has to be disabled), E_CONFIG with
 * place and candidates when a constraint names an argument the schema does not have.
 */
export function prepareArguments(
  { tool, effect }: Pick<GovernedTool, 'tool' | 'effect'>,
  constraints: readonly LocatedConstraint[],
): ArgumentCheck {
  const schema = compileSchema(tool.inputSchema, 'closed');
  const bound = bindConstraints(schema.document, toolName(tool), constraints);
  const findDangers = prepareDangerCheck(tool.inputSchema, effect, constraints);
  const budget = new WorkBudget();

  const check = (args: unknown, principal: Principal): CheckedArguments => {
    const copy = copyArguments(args);
    if (!copy.ok) return { ok: false, reasons: [copy.reason] };
    const violation = schema.find(copy.arguments);
    if (violation) return { ok: false, reasons: [toReason(violation)] };
    budget.refill();
    // Before constraints put anything into canonical form: what looks dangerous is judged as it was written.
    const dangers = findDangers(copy.arguments, budget);
    const { reasons, changed } = bound.apply(copy.arguments, principal, budget);
    const all = [...reasons, ...dangers];
    if (all.length > 0) return { ok: false, reasons: all.slice(0, MAX_REASONS) };
    const changedViolation = changed ? schema.find(copy.arguments) : undefined;
    if (changedViolation) return { ok: false, reasons: [toReason(changedViolation)] };
    return { ok: true, arguments: copy.arguments };
  };
  return {
    check(args, principal) {
      try {
        return check(args, principal);
      } catch (error) {
        const message =
          error instanceof WorkExhausted ? error.message : 'checking these arguments failed, and an error denies';
        const code = error instanceof WorkExhausted ? 'E_LIMIT' : 'E_ARGUMENTS_INVALID';
        return { ok: false, reasons: [{ code, message, path: '' }] };
      }
    },
  };
}

/**
 * Whether a tool has an argument at a dotted path. For constraints written for a pattern of tools (`mail/*`), which
 * bind where the argument exists; one written for a single tool has to exist there.
 */
export function hasArgument(inputSchema: JsonObject, path: string): boolean {
  try {
    return findPath(new SchemaDocument(inputSchema), path).ok;
  } catch {
    return true; // the schema cannot be enforced, which `prepareArguments` says in full
  }
}

function toReason({ kind, path, message }: Violation): Reason {
  const code = kind === 'unknown' ? 'E_ARGUMENT_UNKNOWN' : kind === 'limit' ? 'E_LIMIT' : 'E_ARGUMENTS_INVALID';
  return { code, message, path };
}
