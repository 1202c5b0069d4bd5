/** One policy's text within a file, and how deep a parser has to go to read it. */
export interface Statement {
  /** From the first token to the semicolon. */
  readonly text: string;
  /** Of the first token, in UTF-16 units. */
  readonly start: number;
  /** See `limits.policyDepth`. */
  readonly depth: number;
}

/** One pair of brackets that is open, and the cost of the longest chain of operators seen in it. */
interface Level {
  deepest: number;
  chain: number;
  branches: number;
  inner: number;
  /** How many tests by `is` or `has` stand within each other here, and in the brackets within. */
  copies: number;
  innerCopies: number;
}

// Cost in stack of one bracket relative to one step of a chain, as measured: the engine traps at some 130 brackets
// and some 500 steps. A trap is not an error one recovers from, so depth is counted before the engine sees the text.
const BRACKET = 3;
const LOGIC = 0.1;

/**
 * Splits a file of policies at the semicolons. Knows comments and strings, and nothing else of the grammar: every
 * statement is parsed by Cedar, and no text but white space and comments is left out.
 */
export function splitStatements(text: string): Statement[] {
  const token = /\s+|\/\/[^\n\r]*|"[^"\\]*(?:\\.[^"\\]*)*"?|[A-Za-z_][A-Za-z_0-9]*|&&|\|\||./gsy;
  const statements: Statement[] = [];
  let start = -1;
  let depth = 0;
  let end = 0;
  let levels: Level[] = [];
  for (const { 0: word, index } of text.matchAll(token)) {
    if (/^(\s|\/\/)/.test(word)) continue;
    if (start < 0) {
      start = index;
      depth = 0;
      levels = [newLevel()];
    }
    depth = Math.max(depth, measure(levels, word));
    end = index + word.length;
    if (word === ';') {
      statements.push({ text: text.slice(start, end), start, depth });
      start = -1;
    }
  }
  if (start >= 0) statements.push({ text: text.slice(start, end), start, depth });
  return statements;
}

function newLevel(): Level {
  return { deepest: 0, chain: 0, branches: 0, inner: 0, copies: 0, innerCopies: 0 };
}

function costOf(level: Level): number {
  return Math.max(level.deepest, level.chain + level.inner) + level.branches;
}

/** Takes one token into account; returns the cost of what is open so far. */
function measure(levels: Level[], word: string): number {
  const level = levels[levels.length - 1];
  if (!level) return 0;
  switch (word) {
    case '(':
    case '[':
    case '{':
      level.chain++;
      levels.push(newLevel());
      break;
    case ')':
    case ']':
    case '}': {
      const outer = levels[levels.length - 2];
      if (!outer) break; // more closed than opened: Cedar says so better
      levels.pop();
      outer.inner = Math.max(outer.inner, costOf(level) + BRACKET);
      outer.innerCopies = Math.max(outer.innerCopies, level.copies);
      outer.copies = Math.max(outer.copies, level.copies);
      return costOf(outer);
    }
    case '.':
    case '+':
    case '-':
    case '*':
    case '!':
      level.chain++;
      break;
    case 'if':
    case 'else':
      level.branches++;
      break;
    case 'is':
    case 'has':
      level.copies = Math.max(level.copies, level.innerCopies + 1);
      break;
    case '&&':
    case '||':
    case ',':
      level.deepest = Math.max(level.deepest, level.chain + level.inner);
      level.chain = 0;
      level.inner = 0;
      level.innerCopies = 0;
      if (word !== ',') level.branches += LOGIC;
      break;
  }
  // Cedar copies what is left of `is … in` and of `has a.b`: each one within another doubles the text.
  return Math.max(levels.length * BRACKET + costOf(level), 2 ** level.copies);
}
