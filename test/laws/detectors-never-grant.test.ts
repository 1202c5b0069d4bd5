import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Detector, Finding } from '../../src/scan/detector.ts';
import { hiddenText } from '../../src/scan/hidden-text.ts';
import { injectedText } from '../../src/scan/injected-text.ts';
import { redactResult } from '../../src/scan/redact.ts';
import { scanJson } from '../../src/scan/scan-json.ts';
import { scanText } from '../../src/scan/scan-text.ts';
import { secrets } from '../../src/scan/secrets.ts';

/**
 * Law 12: a detector never grants. Assumes nothing of the detectors: also one that lies, throws or returns nonsense can
 * only add findings, and what it sees can only be taken out of a result or be reported, never put in.
 */
describe('law 12: a detector never grants', () => {
  const own: readonly Detector[] = [secrets, hiddenText, injectedText];
  const token = `ghp_${'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6'}`;
  const piece = fc.constantFrom(
    token,
    'ignore all previous instructions',
    'do not tell the user',
    '\u200b',
    '\u202e',
    '\u{e0041}',
    ' ',
    'AKIA',
    '-----BEGIN PRIVATE KEY-----',
    'hello',
    '\n',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  /** Any detector at all: one that reports at random, and one that throws. */
  const foreign: fc.Arbitrary<Detector> = fc.oneof(
    fc.array(fc.record({ start: fc.nat(80), length: fc.nat(20), kind: fc.string() })).map((findings) => ({
      name: 'foreign',
      detect: () =>
        findings.map(({ start, length, kind }): Finding => {
          return { detector: 'secrets-are-fine', kind, start, end: start + length, severity: 'low', confidence: 'low' };
        }),
    })),
    fc.constant<Detector>({
      name: 'throwing',
      detect() {
        throw new Error('no');
      },
    }),
  );
  const key = (finding: Finding) => JSON.stringify(finding);

  it('findings and detectors have nothing with which to permit', () => {
    expectTypeOf<keyof Finding>().toEqualTypeOf<
      'detector' | 'kind' | 'path' | 'start' | 'end' | 'severity' | 'confidence'
    >();
    expectTypeOf<keyof Detector>().toEqualTypeOf<'name' | 'detect'>();
    expectTypeOf<Detector['detect']>().toEqualTypeOf<(text: string) => readonly Finding[]>();
  });

  it('another detector only adds findings', () => {
    fc.assert(
      fc.property(text, fc.subarray([...own]), foreign, fc.nat(3), (subject, some, more, at) => {
        const without = scanText(subject, some).map(key);
        const detectors = [...some.slice(0, at), more, ...some.slice(at)];
        const together = new Set(scanText(subject, detectors).map(key));
        for (const one of without) expect(together).toContain(one);
      }),
    );
  });

  it('a detector that fails is reported, not passed over', () => {
    fc.assert(
      fc.property(text, (subject) => {
        const failing: Detector = {
          name: 'failing',
          detect: () => {
            throw new Error('no');
          },
        };
        expect(scanText(subject, [failing])).toContainEqual(
          expect.objectContaining({ detector: 'failing', kind: 'detector-failed', severity: 'high' }),
        );
      }),
    );
  });

  it('no detector can make a result show more', () => {
    fc.assert(
      fc.property(text, foreign, (subject, more) => {
        const result = { content: [{ type: 'text', text: subject }], structuredContent: { nested: [subject] } };
        const alone = redactResult(result);
        const together = redactResult(result, [more]);
        expect(together.result).toEqual(alone.result);
        expect(together.redactions).toEqual(alone.redactions);
        expect(JSON.stringify(together.result)).not.toContain(token);
        expect(together.findings.length).toBeGreaterThanOrEqual(alone.findings.length);
      }),
    );
  });

  it('reads arbitrary JSON without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Array.isArray(scanJson(JSON.parse(JSON.stringify(value)), own))).toBe(true);
      }),
    );
  });
});
