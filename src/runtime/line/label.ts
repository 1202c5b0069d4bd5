import type { Label } from '../../model/label.ts';
import type { Validated } from './validate.ts';

/** Proof that the call carries the label of everything that can have influenced it. */
export class Labelled {
  readonly #label: Label;
  readonly validated: Validated;

  constructor(validated: Validated, label: Label) {
    this.#label = label;
    this.validated = validated;
  }

  get label(): Label {
    return this.#label;
  }
}

/** Conservative and run-wide: what the run has read decides, whatever the model did to it since. */
export function label(validated: Validated): Labelled {
  return new Labelled(validated, validated.scanned.admitted.run.label);
}
