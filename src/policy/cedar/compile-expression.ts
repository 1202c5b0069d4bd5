import type { CedarRequest, Closure } from './cedar-request.ts';
import { EvaluationError } from './evaluation-error.ts';
import { type ExtensionFunction, extensionFunctions } from './extension-functions.ts';
import { type Operators, operators, Uncovered } from './operators.ts';
import type { Expression, Operator } from './policy-json.ts';
import { CedarRecord, EntityUid } from './value.ts';

/** What expressions are built from. */
export interface Language {
  readonly operators: Operators;
  readonly functions: { readonly [name: string]: ExtensionFunction };
}

export const cedarLanguage: Language = { operators, functions: extensionFunctions };

/** Compiles an expression to a closure. Throws `Uncovered` for what the language given has no closure for. */
export function compileExpression(expression: Expression, language: Language = cedarLanguage): Closure {
  const compile = (inner: Expression): Closure => {
    const closure = build(inner, language, compile);
    return isConstant(inner, language) ? fold(closure) : closure;
  };
  return compile(expression);
}

function build(expression: Expression, language: Language, compile: (inner: Expression) => Closure): Closure {
  const names = Object.keys(expression);
  const [name] = names;
  if (name === undefined || names.length !== 1) throw new Uncovered('an expression of an unknown shape');
  if (Object.hasOwn(language.operators, name)) {
    // The cast pairs an operator with its own node, which the index type cannot say; the parser promises the shape.
    const operator = language.operators[name as Operator] as (node: unknown, compile: unknown) => Closure;
    return operator(expression[name], compile);
  }
  const called = Object.hasOwn(language.functions, name) ? language.functions[name] : undefined;
  if (!called) throw new Uncovered(`operator \`${name}\``);
  const [first, second] = expression[name] as readonly Expression[]; // the parser promises a list of arguments
  if (!first || (second === undefined) !== (called.arity === 1)) throw new Uncovered(`arguments of \`${name}\``);
  const a = compile(first);
  if (second === undefined) return (request) => called.apply(a(request), true);
  const b = compile(second);
  return (request) => {
    const receiver = a(request);
    return called.apply(receiver, b(request));
  };
}

/** Literals, and sets, records and extension calls of literals: the same for every request. */
function isConstant(expression: Expression, language: Language): boolean {
  const [name] = Object.keys(expression);
  if (name === undefined) return false;
  const node = expression[name];
  if (name === 'Value') return true;
  if (name === 'Record') return Object.values(node as object).every((member) => isConstant(member, language));
  if (name === 'Set' || Object.hasOwn(language.functions, name)) {
    return (node as readonly Expression[]).every((element) => isConstant(element, language));
  }
  return false;
}

const nobody = new EntityUid('', '');
const emptyRequest: CedarRequest = {
  principal: nobody,
  action: nobody,
  resource: nobody,
  context: new CedarRecord(new Map()),
  entities: new Map(),
};

/** A constant computed once. One that fails keeps its closure: Cedar fails only when the expression is reached. */
function fold(closure: Closure): Closure {
  try {
    const value = closure(emptyRequest);
    return () => value;
  } catch (error) {
    if (error instanceof EvaluationError) return closure;
    throw error;
  }
}
