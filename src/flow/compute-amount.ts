/** Bases and operands taken into account; more than this cannot be searched honestly, so nothing is proved. */
const OPERANDS = 24;

const SHARE = /\b(?:share|split|half|halve|evenly|each other)\b/;

/** What the user's words let be computed. */
const OPERATIONS: readonly (readonly [RegExp, (a: number, b: number, rest: readonly number[]) => readonly number[]])[] =
  [
    [
      /\b(?:difference|rest|remaining|remainder|too much|too little|overpa|underpa|balance|minus|less|owe[sd]?|back)/,
      (a, b) => [Math.abs(a - b)],
    ],
    [SHARE, (a, b) => [a / 2, b / 2, Math.abs(a - b / 2), Math.abs(b - a / 2)]],
    [
      /%|\bpercent/,
      (a, p, rest) => [
        (a * p) / 100,
        a * (1 + p / 100),
        a * (1 - p / 100),
        ...rest.flatMap((c) => [(a * p) / 100 + c, a * (1 + p / 100) + c]),
      ],
    ],
    [
      /\b(?:sum|total|together|altogether|combined|plus|additional|increas|rais|extra|added|fee|more)/,
      (a, b) => [a + b],
    ],
    [/\b(?:decreas|reduc|lower|discount|off)\b/, (a, b) => [a - b]],
    [/\b(?:each|per|times|double|twice|nights?|people|tickets?)\b/, (a, b) => [a * b]],
  ];

/**
 * Whether an amount follows from trusted numbers by an operation that trusted words name: a difference, a share, a
 * percentage, a sum. An amount is a proof here, not a claim: it is computed again.
 */
export function followsFrom(
  amount: number,
  bases: readonly number[],
  operands: readonly number[],
  words: string,
): boolean {
  const all = [...new Set([...bases, ...operands])];
  if (all.length > OPERANDS) return false;
  const text = words.toLowerCase();
  const near = (value: number): boolean => Math.abs(value - amount) < 0.005;
  for (const [says, compute] of OPERATIONS) {
    if (!says.test(text)) continue;
    for (const a of bases) {
      for (const b of all) {
        // A number that was said once is no pair of factors. Halving takes one alone.
        if ((a !== b || says === SHARE) && compute(a, b, operands).some(near)) return true;
      }
    }
  }
  return (
    /\b(?:sum|total|all|together|combined)\b/.test(text) &&
    bases.length > 1 &&
    near(bases.reduce((sum, base) => sum + base, 0))
  );
}
