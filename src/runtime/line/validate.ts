import type { JsonObject } from '../../base/json.ts';
import { type Call, digestCall } from '../../model/call.ts';
import type { GovernedTool } from '../../model/tool.ts';
import type { CatalogEntry } from '../catalog.ts';
import { recordAttempt } from '../record-attempt.ts';
import type { World } from '../world.ts';
import { Refusal, refuse, withAttempt } from './refusal.ts';
import type { Scanned } from './scan.ts';

/** Proof that the tool exists, is the one that was reviewed, and that its arguments are within what it takes. */
export class Validated {
  readonly #call: Call;
  readonly scanned: Scanned;
  readonly entry: CatalogEntry;

  constructor(scanned: Scanned, entry: CatalogEntry, call: Call) {
    this.#call = call;
    this.scanned = scanned;
    this.entry = entry;
  }

  get tool(): GovernedTool {
    return this.entry.governed;
  }

  /** The call with its canonical arguments: exactly what is decided on, approved and executed. */
  get call(): Call {
    return this.#call;
  }
}

export function validate(world: World, scanned: Scanned): Validated | Refusal {
  const validated = examine(world, scanned);
  // What was tried is evidence, also where policy was never asked about it.
  return validated instanceof Refusal ? withAttempt(validated, recordAttempt(scanned)) : validated;
}

function examine(world: World, scanned: Scanned): Validated | Refusal {
  const { catalog, request } = scanned.admitted;
  const entry = catalog.find(request.tool, request.principal.agent);
  if (entry === undefined) return refuse('E_TOOL_UNKNOWN', 'no configured server has a tool of this name');
  if (entry.disabled !== undefined) return new Refusal([entry.disabled], entry.disabled.code);
  return check(world, scanned, entry, scanned.arguments);
}

/** The same call with its arguments in another form: held against everything once more, as if they had come like this. */
export function revalidate(world: World, validated: Validated, args: JsonObject): Validated | Refusal {
  if (args === validated.call.arguments) return validated;
  return check(world, validated.scanned, validated.entry, args);
}

function check(world: World, scanned: Scanned, entry: CatalogEntry, args: JsonObject): Validated | Refusal {
  const { request, run, callId } = scanned.admitted;
  const checked = entry.checkFor(run.principal.agent).check(args, run.principal);
  if (!checked.ok) {
    const code = checked.reasons[0]?.code ?? 'E_ARGUMENTS_INVALID';
    return new Refusal(checked.reasons, code === 'PERMITTED' ? 'E_ARGUMENTS_INVALID' : code);
  }
  // What an agent delegates is held to its own limits too.
  for (const { agent } of run.lineage ?? []) {
    const held = entry.checkFor(agent).check(checked.arguments, run.principal);
    if (!held.ok) return new Refusal(held.reasons, 'E_ARGUMENT_CONSTRAINT');
  }
  const { name, pin } = entry.governed;
  const input = request.input?.responses;
  for (const part of input === undefined ? [checked.arguments] : [checked.arguments, input]) {
    const reserved = world.reserved.find(entry.governed, part);
    if (reserved !== undefined) return new Refusal([reserved], 'E_PATH_RESERVED');
  }
  return new Validated(scanned, entry, {
    id: callId,
    runId: run.id,
    tool: name,
    arguments: checked.arguments,
    ...(input === undefined ? {} : { input }),
    digest: world.keyDigest(run.principal.tenant, digestCall(name, pin, checked.arguments, input)),
  });
}
