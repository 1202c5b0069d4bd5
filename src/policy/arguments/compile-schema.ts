import { Ajv, type AnySchemaObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Digest, digestJson } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { canonicalJson, findJsonProblem, type JsonObject, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { closeSchema, copySchema, WORK_KEYWORD } from './close-schema.ts';
import { explainViolation, type Violation } from './explain-violation.ts';
import { compilePattern } from './linear-pattern.ts';
import { hasQuestions, SchemaDocument } from './schema-document.ts';
import { schemaFormats } from './schema-formats.ts';
import { type Dialect, readDialect } from './schema-vocabulary.ts';
import { Unsupported } from './unsupported.ts';
import { WorkBudget, WorkExhausted } from './work-budget.ts';

/** A schema ready to check values. `find` never throws. */
export interface CompiledSchema {
  readonly document: SchemaDocument;
  find(value: JsonValue): Violation | undefined;
}

/** `closed` refuses what the schema does not name; `open` takes the schema at its word. */
export type Closing = 'closed' | 'open';

/**
 * Compiles a tool's schema once; the same schema again is answered from a bounded cache, failures included. Throws a
 * `Fault` E_TOOL_SCHEMA for a schema that cannot be enforced: too large, not valid in its dialect, in a dialect that is
 * not known, with a reference that leaves it, or with a pattern that cannot be matched in linear time.
 */
export function compileSchema(schema: JsonObject, closing: Closing): CompiledSchema {
  // Before anything is computed over it: the schema was written by the server.
  const problem = findJsonProblem(schema, limits.toolSchemaDepth);
  if (problem) throw refuse(problem.message);
  const key = `${closing} ${digestJson(schema)}` as const;
  const known = cache.get(key);
  if (known) {
    cache.delete(key);
    cache.set(key, known); // most recently used last
    if (known instanceof Fault) throw known;
    return known;
  }
  const compiled = tryCompile(schema, closing);
  if (cache.size >= limits.compiledSchemas) {
    for (const oldest of cache.keys()) {
      cache.delete(oldest);
      break;
    }
  }
  cache.set(key, compiled);
  if (compiled instanceof Fault) throw compiled;
  return compiled;
}

/** Keyed by content, and what it holds depends on nothing else: it can be shared by everybody. */
const cache = new Map<`${Closing} ${Digest}`, CompiledSchema | Fault>();

function tryCompile(schema: JsonObject, closing: Closing): CompiledSchema | Fault {
  if (canonicalJson(schema).length > limits.toolSchemaBytes) return refuse('it is too large');
  const dialect = readDialect(schema);
  if (!dialect) return refuse('its `$schema` names a dialect other than 2020-12, 2019-09 and draft-07');
  if (!isValidSchema(dialect, schema)) return refuse(`it is not valid JSON Schema (${dialect})`);
  try {
    const document = new SchemaDocument(schema);
    const budget = new WorkBudget();
    const schemas = [copySchema(document)];
    if (closing === 'closed') {
      schemas.unshift(closeSchema(document));
      if (!hasQuestions(schema)) schemas.pop(); // closing only narrowed: what passes the first passes the second
    }
    const validators = schemas.map((one) => compileValidator(dialect, one, budget));
    return { document, find: (value) => findViolation(validators, value, budget) };
  } catch (error) {
    // The compiler's own messages can repeat text of the schema.
    const why = error instanceof RangeError ? 'it is too large to compile' : 'it cannot be compiled';
    return refuse(error instanceof Unsupported ? error.message : why, error);
  }
}

function refuse(why: string, cause?: unknown): Fault {
  return new Fault('E_TOOL_SCHEMA', `the tool’s schema cannot be enforced: ${why}`, { cause });
}

function findViolation(
  validators: readonly ValidateFunction[],
  value: JsonValue,
  budget: WorkBudget,
): Violation | undefined {
  budget.refill();
  try {
    for (const validate of validators) {
      // Exactly `true`: a promise would be truthy as well.
      if (validate(value) !== true) return explainViolation(validate.errors);
    }
    return undefined;
  } catch (error) {
    if (error instanceof WorkExhausted) return { kind: 'limit', path: '', message: error.message };
    if (error instanceof RangeError)
      return { kind: 'limit', path: '', message: 'checking this value nests too deeply' };
    return { kind: 'invalid', path: '', message: 'the schema failed to evaluate' };
  }
}

/** A compiler of its own for every schema, so that no name in one schema can ever mean something in another. */
function compileValidator(dialect: Dialect, schema: JsonObject, budget: WorkBudget): ValidateFunction {
  const regExp = Object.assign(
    (source: string) => {
      const pattern = compilePattern(source);
      return {
        test(text: string) {
          budget.spend(pattern.cost(text.length));
          return pattern.test(text);
        },
        // The compiler keeps one pattern per text of this: without it all patterns would be the first one.
        toString: () => source,
      };
    },
    { code: 'compilePattern' },
  );
  const options: Options = {
    strict: false,
    logger: false,
    meta: false, // validated against the dialect's own schema before
    validateSchema: false,
    ownProperties: true, // `toString` is not a parameter that every object has
    formats: schemaFormats,
    code: { regExp },
  };
  const ajv: Ajv = dialect === '2020-12' ? new Ajv2020(options) : new Ajv2019({ ...options, unevaluated: true });
  ajv.addKeyword({
    keyword: WORK_KEYWORD,
    schemaType: 'number',
    errors: false,
    validate: (steps: number) => {
      budget.spend(steps);
      return true;
    },
  });
  // The built-in one compares every pair.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    errors: false,
    validate: (unique: boolean, items: readonly JsonValue[]) =>
      !unique || new Set(items.map(canonicalJson)).size === items.length,
  });
  const validate = ajv.compile(schema as AnySchemaObject); // a copy of known keywords, so an object of schemas
  if ('$async' in validate) throw new Unsupported('it is asynchronous');
  return validate;
}

const metaValidators = new Map<Dialect, (schema: JsonObject) => boolean>();

function isValidSchema(dialect: Dialect, schema: JsonObject): boolean {
  let validate = metaValidators.get(dialect);
  if (!validate) {
    const options: Options = { strict: false, logger: false, validateFormats: false, addUsedSchema: false };
    const ajv: Ajv =
      dialect === '2020-12' ? new Ajv2020(options) : dialect === '2019-09' ? new Ajv2019(options) : new Ajv(options);
    // `$schema` as the validator spells it: the dialect was already decided.
    validate = (one) => {
      const { $schema: _dialect, ...rest } = one;
      return ajv.validateSchema(rest) === true;
    };
    metaValidators.set(dialect, validate);
  }
  return validate(schema);
}
