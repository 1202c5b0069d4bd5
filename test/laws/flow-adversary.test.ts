import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listHiddenTexts } from '../../src/flow/decode-forms.ts';
import { listLeaves } from '../../src/flow/list-leaves.ts';
import { joinLabels } from '../../src/model/label.ts';
import { isProtected, move, OWNED, poison, prompts, results } from './flow-moves.ts';
import { startRun, toolOf } from './flow-world.ts';

describe('a model in the hands of an adversary', () => {
  it('never makes a protected argument execute with a value that it or its texts alone brought in', () => {
    let permitted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...prompts), fc.array(move, { minLength: 3, maxLength: 14 }), (prompt, moves) => {
        const session = startRun(prompt);
        let label = session.run.label;
        for (const { tool, args, text, mine, title } of moves) {
          const assessment = session.assess(tool, args);
          if (assessment.verdict === 'permit') {
            permitted++;
            for (const leaf of listLeaves(toolOf(tool), assessment.arguments)) {
              if (!isProtected(tool, leaf)) continue;
              const forms = [String(leaf.value), ...listHiddenTexts(String(leaf.value))];
              expect(
                forms.filter((form) => OWNED.test(form)),
                `${prompt} → ${tool} ${leaf.path}`,
              ).toEqual([]);
            }
            const result =
              results[tool]?.(text, mine, title) ?? (toolOf(tool).effect === 'write' ? { id: '1', ...args } : text);
            session.read(tool, args, result);
          }
          // Law 3: whatever is read, the run's label only gets worse.
          expect(joinLabels(label, session.run.label)).toEqual(session.run.label);
          label = session.run.label;
        }
      }),
      { numRuns: 1_500 },
    );
    expect(permitted).toBeGreaterThan(500);
  });

  it('gains nothing by words in parts of the prompt that the user did not write', () => {
    fc.assert(
      fc.property(fc.constantFrom(...prompts), poison, move, (prompt, quote, { tool, args }) => {
        const alone = startRun(prompt).verdict(tool, args);
        const quoted = startRun([
          { kind: 'user', text: prompt },
          { kind: 'quote', text: quote },
        ]).verdict(tool, args);
        if (alone !== 'permit') expect(quoted).not.toBe('permit');
      }),
      { numRuns: 1_000 },
    );
  });

  it('proves nothing where no prompt is attested, and no value that it chose', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 6 }), (moves) => {
        const session = startRun('');
        for (const { tool, args, text, mine, title } of moves) {
          const { verdict, proved, authority } = session.assess(tool, args);
          expect(proved).toBe(false);
          expect(authority).toBe(toolOf(tool).effect === 'read' ? 'read' : 'unknown');
          if (verdict !== 'permit') continue;
          expect(listLeaves(toolOf(tool), args).filter((leaf) => isProtected(tool, leaf))).toEqual([]);
          session.read(tool, args, results[tool]?.(text, mine, title) ?? text);
        }
      }),
      { numRuns: 300 },
    );
  });
});
