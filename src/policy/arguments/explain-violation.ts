import type { ErrorObject } from 'ajv';
import { pointerTo } from './json-pointer.ts';
import { quoteName } from './quote-name.ts';

/** Why a value does not fit a schema. */
export interface Violation {
  readonly kind: 'unknown' | 'invalid' | 'limit';
  /** JSON pointer to the offending place. */
  readonly path: string;
  readonly message: string;
}

/**
 * Turns a validator's errors into one violation. The sentence is ours: the validator's own can repeat text that the
 * server wrote into its schema. Of names only the offending ones are quoted, escaped and cut.
 */
export function explainViolation(errors: readonly ErrorObject[] | null | undefined): Violation {
  const error = choose(errors ?? []);
  if (!error) return { kind: 'invalid', path: '', message: 'does not fit the schema' };
  const path = error.instancePath;
  const unnamed = unnamedMember(error);
  if (unnamed !== undefined) {
    return {
      kind: 'unknown',
      path: pointerTo(path, unnamed),
      message: `${quoteName(unnamed)} is not a parameter here`,
    };
  }
  return { kind: 'invalid', path, message: describe(error) };
}

/** The error furthest inside the value; of those, the first. A branch that failed is told before the branching. */
function choose(errors: readonly ErrorObject[]): ErrorObject | undefined {
  const named = errors.find((error) => error.keyword === 'propertyNames');
  if (named) return named;
  const depth = (error: ErrorObject) => error.instancePath.split('/').length;
  const last = errors.at(-1);
  if (last && !['anyOf', 'oneOf', 'if'].includes(last.keyword)) return last;
  return errors.reduce<ErrorObject | undefined>(
    (best, one) => (best && depth(best) >= depth(one) ? best : one),
    undefined,
  );
}

function unnamedMember(error: ErrorObject): string | undefined {
  const params: Record<string, unknown> = error.params;
  const name = params['additionalProperty'] ?? params['unevaluatedProperty'] ?? params['propertyName'];
  return typeof name === 'string' ? name : undefined;
}

function describe(error: ErrorObject): string {
  const params: Record<string, unknown> = error.params;
  const limit = typeof params['limit'] === 'number' ? params['limit'] : '?';
  switch (error.keyword) {
    case 'required':
      return `lacks ${quoteName(String(params['missingProperty']))}`;
    case 'dependentRequired':
    case 'dependencies':
      return `lacks ${quoteName(String(params['missingProperty']))}, which another parameter calls for`;
    case 'type':
      return `is not of type ${[params['type']].flat().map(String).join(' or ').slice(0, 80)}`;
    case 'format':
      return `is not of the format ${quoteName(String(params['format']))}`;
    case 'minLength':
    case 'maxLength':
      return `has to be of ${error.keyword === 'minLength' ? 'at least' : 'at most'} ${limit} characters`;
    case 'minItems':
    case 'maxItems':
      return `has to have ${error.keyword === 'minItems' ? 'at least' : 'at most'} ${limit} items`;
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return `has to be ${COMPARISONS[error.keyword]} ${limit}`;
    case 'false schema':
      return 'is not accepted here';
    default:
      return PLAIN_MESSAGES[error.keyword] ?? `does not satisfy ${quoteName(error.keyword)}`;
  }
}

const COMPARISONS = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'more than',
  exclusiveMaximum: 'less than',
};

const PLAIN_MESSAGES: Readonly<Record<string, string>> = {
  enum: 'is not one of the values the schema lists',
  const: 'is not the value the schema fixes',
  pattern: 'does not match the schema’s pattern',
  anyOf: 'fits none of the alternatives',
  oneOf: 'does not fit exactly one of the alternatives',
  not: 'is what the schema rules out',
  uniqueItems: 'has the same item twice',
  contains: 'lacks an item the schema requires',
};
