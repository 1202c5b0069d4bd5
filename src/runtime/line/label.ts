import { Fault } from '../../base/fault.ts';
import type { Assessment } from '../../flow/assessment.ts';
import type { FlowRun } from '../../flow/flow-run.ts';
import type { Label } from '../../model/label.ts';
import type { World } from '../world.ts';
import { Refusal, refuse } from './refusal.ts';
import { revalidate, type Validated } from './validate.ts';

/** Proof that the call carries the label of everything that can have influenced it, and that its values were traced. */
export class Labelled {
  readonly #label: Label;
  /** Of the canonical arguments: what is decided on, approved and executed. */
  readonly validated: Validated;
  readonly assessment: Assessment;
  readonly flow: FlowRun;

  constructor(validated: Validated, label: Label, assessment: Assessment, flow: FlowRun) {
    this.#label = label;
    this.validated = validated;
    this.assessment = assessment;
    this.flow = flow;
  }

  get label(): Label {
    return this.#label;
  }
}

/** Putting values into canonical form has to come to an end: a form of which another form is canonical is none. */
const ROUNDS = 3;

/**
 * Traces every value of the call. What the run has read is conservative and run-wide, whatever the model did to it since.
 * Values that were matched stand in their canonical form from here on, and are held once more against all that arguments
 * are held to: that a raw value was within its limits says nothing about another one.
 */
export async function label(world: World, validated: Validated): Promise<Labelled | Refusal> {
  const { run, catalog } = validated.scanned.admitted;
  let flow: FlowRun;
  try {
    flow = await world.runs.flows.of(run, catalog);
  } catch (error) {
    return refuse('E_STORE', error instanceof Fault ? error.message : 'what this run has read cannot be told');
  }
  const options = {
    constants: validated.entry.constantsFor(run.principal.agent),
    unattended: validated.entry.isUnattendedFor(run.principal.agent),
    domains: catalog.manifest.organisation.domains,
  };
  let current = validated;
  for (let round = 0; round < ROUNDS; round++) {
    const assessment = flow.assess(current.tool, current.call.arguments, options);
    const next = revalidate(world, current, assessment.arguments);
    if (next instanceof Refusal) return next;
    if (next.call.digest === current.call.digest) return new Labelled(current, flow.label, assessment, flow);
    current = next;
  }
  return refuse('E_ARGUMENTS_INVALID', 'a value has no form that stays as it is when it is put into canonical form');
}
