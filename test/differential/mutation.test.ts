import { describe, expect, it } from 'vitest';
import type { Closure } from '../../src/policy/cedar/cedar-request.ts';
import { cedarLanguage, type Language } from '../../src/policy/cedar/compile-expression.ts';
import { EvaluationError } from '../../src/policy/cedar/evaluation-error.ts';
import type { ExtensionFunction } from '../../src/policy/cedar/extension-functions.ts';
import { isLong } from '../../src/policy/cedar/long.ts';
import { operators } from '../../src/policy/cedar/operators.ts';
import { CedarRecord, CedarSet, EntityUid, type Value } from '../../src/policy/cedar/value.ts';
import { findMismatches, makeBatch } from './compare-with-cedar.ts';

/**
 * The differential test is only as good as what it catches: every operator and function is spoiled, one at a time, and
 * the comparison has to notice. Cedar's answers are asked for once.
 */
const batches = Array.from({ length: 90 }, (_, i) => makeBatch(77_000 + i));

function isCaught(language: Language): boolean {
  return batches.some((batch) => findMismatches(batch, language).length > 0);
}

/** Another value of the same type. */
function spoil(value: Value): Value {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return `${value}?`;
  if (isLong(value)) return value === 5 ? 6 : 5;
  if (value instanceof EntityUid) return new EntityUid(value.type, `${value.id}?`);
  if (value instanceof CedarSet) return new CedarSet(value.size === 0 ? [1] : []);
  if (value instanceof CedarRecord) return new CedarRecord(new Map());
  return 'of another type';
}

/** Answers an error with what came out last, or with false: of the right type, so that nothing else gives it away. */
function swallower(): (run: () => Value) => Value {
  let last: Value = false;
  return (run) => {
    try {
      last = run();
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
    }
    return last;
  };
}

type Build = (node: never, compile: never) => Closure;

function withOperator(name: string, change: (closure: Closure) => Closure): Language {
  // Every operator has its own node type; what wraps any of them sees none.
  const original = operators[name as keyof typeof operators] as Build;
  const changed = (node: never, compile: never) => change(original(node, compile));
  return { ...cedarLanguage, operators: { ...operators, [name]: changed } };
}

function withFunction(name: string, original: ExtensionFunction, change: (run: () => Value) => Value): Language {
  const changed: ExtensionFunction = {
    arity: original.arity,
    apply: (first, second) => change(() => original.apply(first, second)),
  };
  return { ...cedarLanguage, functions: { ...cedarLanguage.functions, [name]: changed } };
}

const operatorNames = Object.keys(operators);
const functions = Object.entries(cedarLanguage.functions);
/** Operators that cannot fail by themselves: a swallowed error would be their operand's. */
const infallible = new Set(['Value', 'Var']);

describe('the differential test catches', () => {
  it('nothing, when nothing is spoiled', () => {
    expect(isCaught(cedarLanguage)).toBe(false);
  });

  it.each(operatorNames)('a wrong result of `%s`', (name) => {
    expect(isCaught(withOperator(name, (closure) => (request) => spoil(closure(request))))).toBe(true);
  });

  it.each(operatorNames.filter((name) => !infallible.has(name)))('a swallowed error of `%s`', (name) => {
    const swallow = swallower();
    expect(isCaught(withOperator(name, (closure) => (request) => swallow(() => closure(request))))).toBe(true);
  });

  it.each(functions)('a wrong result of `%s()`', (name, original) => {
    expect(isCaught(withFunction(name, original, (run) => spoil(run())))).toBe(true);
  });

  it.each(functions)('a swallowed error of `%s()`', (name, original) => {
    expect(isCaught(withFunction(name, original, swallower()))).toBe(true);
  });

  it.each([
    ['<', '<='],
    ['<=', '<'],
    ['>', '>='],
    ['>=', '>'],
    ['==', '!='],
    ['+', '-'],
    ['-', '+'],
    ['*', '+'],
    ['&&', '||'],
    ['||', '&&'],
    ['containsAll', 'containsAny'],
    ['containsAny', 'containsAll'],
    ['in', '=='],
  ] as const)('`%s` that does what `%s` does', (name, other) => {
    expect(isCaught({ ...cedarLanguage, operators: { ...operators, [name]: operators[other] } })).toBe(true);
  });

  it.each(['&&', '||'] as const)('`%s` that evaluates both sides', (name) => {
    const eager: Language = {
      ...cedarLanguage,
      operators: {
        ...operators,
        [name]: (node: Parameters<(typeof operators)['&&']>[0], compile: Parameters<(typeof operators)['&&']>[1]) => {
          const lazy = operators[name](node, compile);
          const right = compile(node.right);
          return (request: Parameters<Closure>[0]) => {
            right(request);
            return lazy(request);
          };
        },
      },
    };
    expect(isCaught(eager)).toBe(true);
  });

  it('arithmetic that wraps around', () => {
    const wrapping = withOperator('*', (closure) => (request) => {
      try {
        return closure(request);
      } catch (error) {
        if (error instanceof EvaluationError && error.message.startsWith('integer overflow')) return 0;
        throw error;
      }
    });
    expect(isCaught(wrapping)).toBe(true);
  });
});
