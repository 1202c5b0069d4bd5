import type { JsonObject } from '../../base/json.ts';
import type { Call } from '../../model/call.ts';
import { digestCall } from '../../model/call.ts';
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
  const entry = catalog.find(run.principal.agent, request.tool);
  if (entry === undefined) return refuse('E_TOOL_UNKNOWN', `\`${request.tool}\` is not a tool of this agent`);
  if (entry.disabled !== undefined) return new Refusal([entry.disabled], entry.disabled.code);
  const checked = entry.check(scanned.arguments as JsonObject, run.principal);
  if (!checked.ok) return new Refusal(checked.reasons, checked.code);
  const { name, pin } = entry.governed;
  const call: Call = {
    id: callId,
    runId: run.id,
    tool: name,
    arguments: checked.arguments,
    digest: digestCall(name, pin, checked.arguments),
  };
  return new Validated(scanned, entry.governed, call);
}
