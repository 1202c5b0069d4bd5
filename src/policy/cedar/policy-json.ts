import type { PolicyJson as WasmPolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

/** A policy in Cedar's JSON form, as the parser hands it out. */
export type PolicyJson = WasmPolicyJson;

/** An expression: an object whose one member is named for its operator or extension function. */
export type Expression = { readonly [operator: string]: unknown };

export interface Binary {
  readonly left: Expression;
  readonly right: Expression;
}
export interface Unary {
  readonly arg: Expression;
}
export type PatternElement = 'Wildcard' | { readonly Literal: string };

/** What stands under each operator of the language. */
export interface OperatorNodes {
  readonly Value: unknown;
  readonly Var: 'principal' | 'action' | 'resource' | 'context';
  readonly '!': Unary;
  readonly neg: Unary;
  readonly '==': Binary;
  readonly '!=': Binary;
  readonly in: Binary;
  readonly '<': Binary;
  readonly '<=': Binary;
  readonly '>': Binary;
  readonly '>=': Binary;
  readonly '&&': Binary;
  readonly '||': Binary;
  readonly '+': Binary;
  readonly '-': Binary;
  readonly '*': Binary;
  readonly contains: Binary;
  readonly containsAll: Binary;
  readonly containsAny: Binary;
  readonly isEmpty: Unary;
  readonly getTag: Binary;
  readonly hasTag: Binary;
  readonly '.': { readonly left: Expression; readonly attr: string };
  readonly has: { readonly left: Expression; readonly attr: string | readonly string[] };
  readonly like: { readonly left: Expression; readonly pattern: readonly PatternElement[] };
  readonly is: { readonly left: Expression; readonly entity_type: string; readonly in?: Expression };
  readonly 'if-then-else': { readonly if: Expression; readonly then: Expression; readonly else: Expression };
  readonly Set: readonly Expression[];
  readonly Record: { readonly [name: string]: Expression };
}
export type Operator = keyof OperatorNodes;
