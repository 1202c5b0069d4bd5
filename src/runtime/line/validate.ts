import { type Call, digestCall } from '../../model/call.ts';
import type { GovernedTool } from '../../model/tool.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Scanned } from './scan.ts';

/** Proof that the tool exists, is the one that was reviewed, and that its arguments are within what it takes. */
export class Validated {
  readonly #call: Call;
  readonly scanned: Scanned;
  readonly tool: GovernedTool;

  constructor(scanned: Scanned, tool: GovernedTool, call: Call) {
    this.#call = call;
    this.scanned = scanned;
    this.tool = tool;
  }

  /** The call with its canonical arguments: exactly what is decided on, approved and executed. */
  get call(): Call {
    return this.#call;
  }
}

export function validate(scanned: Scanned): Validated | Refusal {
  const { catalog, request, run, callId } = scanned.admitted;
  const entry = catalog.tools.get(request.tool);
  if (entry === undefined) return refuse('E_TOOL_UNKNOWN', 'no configured server has a tool of this name');
  const { governed, disabled } = entry;
  if (disabled !== undefined) return new Refusal([disabled], disabled.code);
  const checked = entry.checkFor(run.principal.agent).check(scanned.arguments, run.principal);
  if (!checked.ok) {
    const code = checked.reasons[0]?.code ?? 'E_ARGUMENTS_INVALID';
    return new Refusal(checked.reasons, code === 'PERMITTED' ? 'E_ARGUMENTS_INVALID' : code);
  }
  const { name, pin } = governed;
  const input = request.input?.responses;
  const digest = digestCall(name, pin, checked.arguments, input);
  return new Validated(scanned, governed, {
    id: callId,
    runId: run.id,
    tool: name,
    arguments: checked.arguments,
    ...(input === undefined ? {} : { input }),
    digest,
  });
}
