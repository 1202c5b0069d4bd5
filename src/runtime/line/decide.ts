import type { Decision } from '../../model/decision.ts';
import type { DecisionRequest } from '../../policy/kernel.ts';
import { decideForLineage } from '../decide-for-lineage.ts';
import { narrowByLoop } from '../loop-book.ts';
import { narrowDecision } from '../narrow-decision.ts';
import type { World } from '../world.ts';
import type { Labelled } from './label.ts';

/** Proof that policy was asked, and its answer. A denial is an answer too: `settle` turns it into a refusal. */
export class Decided {
  readonly #decision: Decision;
  readonly labelled: Labelled;
  /** What the decision depended on: recorded, so that replay is exact. */
  readonly request: DecisionRequest;

  constructor(labelled: Labelled, request: DecisionRequest, decision: Decision) {
    this.#decision = decision;
    this.labelled = labelled;
    this.request = request;
  }

  get decision(): Decision {
    return this.#decision;
  }
}

export function decide(world: World, labelled: Labelled): Decided {
  const { scanned, tool, call } = labelled.validated;
  const { run, catalog } = scanned.admitted;
  const request: DecisionRequest = {
    principal: run.principal,
    tool,
    arguments: call.arguments,
    run: { attested: run.attested, label: labelled.label, task: run.task },
    flow: labelled.assessment.facts,
    nowMs: world.clock.nowMs(),
  };
  const decision = decideForLineage(catalog.kernel, request, run);
  const leaves = request.flow.outward || tool.effect === 'read';
  const narrowed = narrowDecision(decision, scanned.leaving, leaves, catalog.manifest.mode);
  const loop = world.guards.loops.find(run.id, call.digest, catalog.manifest.loops);
  return new Decided(labelled, request, narrowByLoop(narrowed, loop, catalog.manifest));
}
