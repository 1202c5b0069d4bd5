import type { Manifest, PlaceOf } from '../model/manifest.ts';
import type { DecisionRequest } from './kernel.ts';
import type { RuleBook } from './rule-book.ts';

/** A world to decide in: rules, and a request that may differ from the one that was made. */
export interface WhatIf {
  readonly manifest: Manifest;
  readonly request: DecisionRequest;
  /** Ids of policies in `.cedar` files that are taken out. */
  readonly dropped: ReadonlySet<string>;
}

/** One thing a person could change. */
export interface Change {
  /** Changes about the same thing are alternatives: the first that helps is told, and two are never combined. */
  readonly about: string;
  /** In the imperative, naming file, line and column. */
  readonly sentence: string;
  apply(world: WhatIf): WhatIf;
}

/** What the world is before anything is changed. */
export interface Ground {
  readonly manifest: Manifest;
  readonly placeOf: PlaceOf;
  readonly book: RuleBook;
}
