/** What a detector reports. It says what was seen and how sure that is; there is nothing in it that could allow a call. */
export interface Finding {
  /** Name of the detector. */
  readonly detector: string;
  /** What was found, in the detector's words: `github-token`, `bidi-control`, `new-instructions`. */
  readonly kind: string;
  /** JSON pointer to the text, where the text stands in a JSON value. A pointer that ends in `#` means a member's name. */
  readonly path?: string;
  /** Offsets into the text, in UTF-16 code units; `end` is one past the last. */
  readonly start: number;
  readonly end: number;
  /** How bad it would be if it is what it looks like. */
  readonly severity: 'low' | 'medium' | 'high';
  /** How likely it is what it looks like. */
  readonly confidence: 'low' | 'medium' | 'high';
}

/**
 * Inspects a text and reports. Pure, and linear in the text. A detector can only add findings: it has no way to permit
 * anything, to silence another detector, or to answer for a text it has not seen.
 */
export interface Detector {
  readonly name: string;
  detect(text: string): readonly Finding[];
}
