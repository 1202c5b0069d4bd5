import { z } from 'zod';

/** What is done, one after another, about a call that failed. */
export type FailureStep =
  | { readonly kind: 'retry'; readonly times: number }
  | { readonly kind: 'use'; readonly tool: string }
  | { readonly kind: 'cached' }
  | { readonly kind: 'notify' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'refuse' };

const EXPECTED =
  'steps such as `retry 3 then notify and pause`: `retry N`, `use server/tool`, `cached`, `notify`, `pause`, `refuse`';

/** One line: `retry 3 then use crm/search_replica then cached then notify and pause`. */
export const onFailureSchema = z
  .string()
  .max(500)
  .transform((text, context): readonly FailureStep[] => {
    const steps = text
      .trim()
      .split(/\s+(?:then|and)\s+/)
      .map(parseStep);
    const known = steps.filter((step) => step !== undefined);
    const [last] = known.slice(-1);
    const endsEarly = known.slice(0, -1).some(({ kind }) => kind === 'refuse' || kind === 'pause');
    if (known.length === steps.length && last !== undefined && !endsEarly) return known;
    context.addIssue({ code: 'invalid_format', format: 'regex', message: EXPECTED });
    return z.NEVER;
  })
  .meta({
    description:
      'What is done when a call fails, one step after another; nothing of it ever allows what is not allowed.',
    examples: ['retry 3 then notify and pause'],
  });

function parseStep(text: string): FailureStep | undefined {
  const [word, operand, ...more] = text.split(/\s+/);
  if (more.length > 0) return undefined;
  if (word === 'retry')
    return /^([1-9]|10)$/.test(operand ?? '') ? { kind: 'retry', times: Number(operand) } : undefined;
  if (word === 'use')
    return /^[a-zA-Z0-9_-]+\/[^\s*]+$/.test(operand ?? '') ? { kind: 'use', tool: operand ?? '' } : undefined;
  if (operand !== undefined) return undefined;
  return word === 'cached' || word === 'notify' || word === 'pause' || word === 'refuse' ? { kind: word } : undefined;
}
