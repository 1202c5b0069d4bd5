import { RE2JS } from 're2js';
import { Unsupported } from './unsupported.ts';

/**
 * A pattern that is matched in time linear in the text, whoever wrote it. `cost` says how much work a match against a
 * text of that length can be, in steps of roughly ten nanoseconds, so that a caller can refuse before it starts.
 */
export interface LinearPattern {
  readonly source: string;
  /** Whether the pattern occurs anywhere in `text`. */
  test(text: string): boolean;
  /** Whether the pattern matches the whole of `text`. */
  matchesWhole(text: string): boolean;
  cost(characters: number): number;
}

const MAX_PATTERN_CHARS = 1_000;
const INSTRUCTIONS_PER_STEP = 10;

/**
 * Compiles a pattern in the common subset of ECMA-262 and RE2. Throws `Unsupported`, whose
 * message never repeats the pattern, which may come from an untrusted server.
 */
export function compilePattern(source: string): LinearPattern {
  if (source.length > MAX_PATTERN_CHARS) {
    throw new Unsupported(`the pattern is longer than ${MAX_PATTERN_CHARS} characters`);
  }
  // The translation below would turn a named back-reference into plain letters, which means something else.
  if (/\\k</.test(source))
    throw new Unsupported('the pattern uses a back-reference, which cannot be matched in linear time');
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(RE2JS.translateRegExp(source));
  } catch {
    throw new Unsupported(
      'the pattern is not RE2 syntax (look-around and back-references cannot be matched in linear time)',
    );
  }
  const instructions = compiled.programSize();
  return {
    source,
    test: (text) => compiled.test(text),
    matchesWhole: (text) => compiled.testExact(text),
    cost: (characters) => Math.ceil(((characters + 1) * instructions) / INSTRUCTIONS_PER_STEP),
  };
}
