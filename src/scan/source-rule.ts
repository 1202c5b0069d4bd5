import { flagAt, type Trust, trustOf } from './source-trust.ts';

/**
 * What happens to what was flagged: it is only recorded; also marked as such for whoever reads it; also put between the
 * run's boundary markers; or not handed over at all.
 */
export type WhenFlagged = 'record' | 'mark' | 'wrap' | 'withhold';

/** What a person wrote of a source. What is absent follows from its kind. */
export interface DeclaredSource {
  readonly trust?: Trust | undefined;
  readonly threshold?: number | undefined;
  readonly flagged?: WhenFlagged | undefined;
  readonly datamark?: boolean | undefined;
}

/** How content of one source is looked at, and what a flag comes to. */
export interface SourceRule {
  readonly source: string;
  readonly trust: Trust;
  /** The risk, 0 to 1, from which content is flagged. */
  readonly threshold: number;
  readonly whenFlagged: WhenFlagged;
  /** Whether wrapped content has its spaces replaced. */
  readonly datamark: boolean;
}

/** The source of a tool's results where nothing else is declared. */
export const TOOL_RESULT = 'tool-result';

/** The rule of a source: what a person wrote, and for the rest what its kind says. A name nobody knows is from outside. */
export function readSourceRule(source: string, declared: DeclaredSource = {}): SourceRule {
  const trust = declared.trust ?? trustOf(source);
  return {
    source,
    trust,
    threshold: declared.threshold ?? flagAt[trust],
    whenFlagged: declared.flagged ?? 'mark',
    datamark: declared.datamark ?? false,
  };
}
