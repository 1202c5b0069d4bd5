import type { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { manifestJsonSchema } from '../../contract/manifest-schema.ts';
import { ofOneRun } from '../../model/budget.ts';
import { serverKinds } from '../../model/manifest.ts';
import type { ConfigProblem } from './config-problem.ts';
import { describeValue } from './describe-value.ts';
import { locate, type Path } from './locate.ts';
import type { YamlFile } from './read-yaml.ts';
import { didYouMean, suggest } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** What the schema objects to, in our words: where, what was found, what is expected, and what was probably meant. */
export function explainIssues(issues: readonly Issue[], yaml: YamlFile): ConfigProblem[] {
  const unclear = new Map<string | undefined, ConfigProblem>();
  for (const [name, server] of Object.entries(memberOf(yaml.value, 'servers') ?? {})) {
    const problem = isJsonObject(server) ? findUnclearKind(name, server, yaml) : undefined;
    if (problem !== undefined) unclear.set(name, problem);
  }
  // Of a server whose kind is unclear nothing else can be said.
  const clear = issues.filter((issue) => issue.path[0] !== 'servers' || !unclear.has(issue.path[1]?.toString()));
  return [...unclear.values(), ...clear.flatMap((issue) => explain(issue, [], yaml))];
}

function explain(issue: Issue, above: Path, yaml: YamlFile): ConfigProblem[] {
  // The manifest has text keys and list indices only; a symbol cannot occur in what came from YAML.
  const path = [...above, ...(issue.path as (string | number)[])];
  const value = valueAt(yaml.value, path);
  const { spot, found } = locate(yaml.root, path);
  const at = (offset: number, message: string): ConfigProblem => ({
    place: yaml.placeAt(offset),
    severity: 'error',
    message,
  });
  const name = nameOf(path);

  if (path.length === 0 && value === null) return [at(0, 'this file says nothing, expected at least `version: 1`')];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const known = keysKnownAt(path, yaml.value);
        return at(
          locate(yaml.root, [...path, key]).spot.keyAt,
          `unknown key \`${shorten(key)}\`${sayOfOneRun(path, key) ?? expectKey(key, known)}`,
        );
      });
    case 'invalid_union':
      return explainUnion(issue, path, value, yaml);
    case 'invalid_key': {
      const expected = issue.issues.map((inner) => expectation(inner)).join(', and ');
      // Next to an `env` or `headers` a name may be a whole assignment, value and all.
      const key =
        path.includes('env') || path.includes('headers') ? 'this key' : `the key \`${shorten(String(path.at(-1)))}\``;
      return [at(spot.keyAt, `found ${key}, expected ${expected}`)];
    }
    case 'invalid_type':
      if (!found)
        return [at(spot.keyAt, `${name} is missing; expected ${describeKey(path, yaml.value) ?? expectation(issue)}`)];
      return [
        at(
          spot.valueAt,
          `${name} is ${describeValue(value, path)}, expected ${expectation(issue)}${quoteHint(issue, value)}`,
        ),
      ];
    case 'invalid_value': {
      if (!found) return [at(spot.keyAt, `${name} is missing; expected ${expectation(issue)}`)];
      const meant = typeof value === 'string' ? didYouMean(value, issue.values.map(String)) : '';
      return [at(spot.valueAt, `${name} is ${describeValue(value, path)}, expected ${expectation(issue)}${meant}`)];
    }
    default:
      return [at(spot.valueAt, `${name} is ${describeValue(value, path)}, expected ${expectation(issue)}`)];
  }
}

/** Of a union only the branch that was meant is worth explaining: there are servers, and text-or-secret. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  value: JsonValue | undefined,
  yaml: YamlFile,
): ConfigProblem[] {
  const isServer = path.length === 2 && path[0] === 'servers';
  if (isJsonObject(value)) {
    const kind = isServer ? kindsOf(value)[0] : undefined;
    const branch = kind === undefined ? SECRET_BRANCH : serverKinds.indexOf(kind);
    return (issue.errors[branch] ?? []).flatMap((inner) => explain(inner, path, yaml));
  }
  const expected = isServer ? `a mapping with ${KINDS}` : 'text or `{ secret: env:NAME }`';
  const message = `${nameOf(path)} is ${describeValue(value, path)}, expected ${expected}`;
  return [{ place: yaml.placeAt(locate(yaml.root, path).spot.valueAt), severity: 'error', message }];
}

/** The second of `plainOrSecretSchema`, and of what servers are given. */
const SECRET_BRANCH = 1;

/** Every server has exactly one key that says its kind. The problem if this one has none or several. */
function findUnclearKind(name: string, server: JsonObject, yaml: YamlFile): ConfigProblem | undefined {
  const kinds = kindsOf(server);
  if (kinds.length === 1) return undefined;
  const problem = (key: string | undefined, message: string): ConfigProblem => {
    const path = key === undefined ? ['servers', name] : ['servers', name, key];
    return { place: yaml.placeAt(locate(yaml.root, path).spot.keyAt), severity: 'error', message };
  };
  if (kinds.length > 1) {
    const found = kinds.map((kind) => `\`${kind}\``).join(' and ');
    return problem(undefined, `server \`${shorten(name)}\` has ${found}; expected ${KINDS}`);
  }
  if (Object.hasOwn(server, 'image')) {
    return problem('image', `servers from container images are not supported by this version; expected ${KINDS}`);
  }
  for (const key of Object.keys(server)) {
    const meant = suggest(key, serverKinds);
    if (meant !== undefined) return problem(key, `unknown key \`${shorten(key)}\`; did you mean \`${meant}\`?`);
  }
  return problem(undefined, `server \`${shorten(name)}\` does not say what it is; expected ${KINDS}`);
}

const KINDS = 'exactly one of `package`, `command` and `url`';

/** The kinds of server an entry claims to be, by the keys it has. */
export function kindsOf(server: JsonObject): (typeof serverKinds)[number][] {
  return serverKinds.filter((kind) => Object.hasOwn(server, kind));
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return listChoices(issue.values.map((value) => `\`${String(value)}\``));
    case 'too_small':
      if (issue.origin === 'string') return issue.minimum === 1 ? 'some text' : `at least ${issue.minimum} characters`;
      if (issue.origin === 'array') return `at least ${issue.minimum} ${issue.minimum === 1 ? 'entry' : 'entries'}`;
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `at most ${issue.maximum} characters`;
      if (issue.origin === 'array') return `at most ${issue.maximum} entries`;
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return issue.message; // formats carry their own phrase, see manifest.ts
  }
}

const TYPES: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function quoteHint(issue: z.core.$ZodIssueInvalidType, value: JsonValue | undefined): string {
  if (issue.expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return '; put it in quotes';
  if ((issue.expected === 'object' || issue.expected === 'record') && value === null)
    return '; write `{}` for an empty one';
  if (issue.expected === 'array' && typeof value === 'string') return '; write `[…]` around it';
  return '';
}

function expectKey(key: string, known: readonly string[]): string {
  const meant = suggest(key, known);
  if (meant !== undefined) return `; did you mean \`${meant}\`?`;
  return known.length === 0 ? '' : `, expected ${listChoices(known.map((name) => `\`${name}\``))}`;
}

/** What limits one run means nothing of an agent's runs together, of a user or of a tenant. */
function sayOfOneRun(path: Path, key: string): string | undefined {
  const isOfMany = path.at(-1) === 'allRuns' || (path[0] === 'budgets' && path.length === 2 && path[1] !== 'run');
  const instead = isOfMany ? ofOneRun.get(key) : undefined;
  return instead === undefined ? undefined : ` here: ${instead}, under \`budgets.run\` or \`budget\` of an agent`;
}

function listChoices(choices: readonly string[]): string {
  return choices.length <= 1 ? (choices[0] ?? '') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

/** The keys the schema has at a path. */
function keysKnownAt(path: Path, root: JsonValue): readonly string[] {
  const properties = schemaAt(path, root)?.['properties'];
  return isJsonObject(properties) ? Object.keys(properties) : [];
}

/** What a key is for, as the end of a sentence. */
function describeKey(path: Path, root: JsonValue): string | undefined {
  const text = schemaAt(path, root)?.['description'];
  return typeof text === 'string' ? `${text.charAt(0).toLowerCase()}${text.slice(1).replace(/\.$/, '')}` : undefined;
}

/** The part of the published JSON Schema that describes a path, so that messages and editors always agree. */
function schemaAt(path: Path, root: JsonValue): JsonObject | undefined {
  let schema: JsonValue | undefined = manifestJsonSchema();
  let value: JsonValue | undefined = root;
  for (const step of path) {
    if (!isJsonObject(schema)) return undefined;
    value = memberOf(value, step);
    const properties: JsonValue | undefined = schema['properties'];
    schema = isJsonObject(properties) ? properties[step] : (schema['additionalProperties'] ?? schema['items']);
    if (isJsonObject(schema) && Array.isArray(schema['anyOf'])) {
      const kind = isJsonObject(value) ? kindsOf(value)[0] : undefined;
      schema = schema['anyOf'][kind === undefined ? SECRET_BRANCH : serverKinds.indexOf(kind)];
    }
  }
  return isJsonObject(schema) ? schema : undefined;
}

function valueAt(root: JsonValue, path: Path): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const step of path) value = memberOf(value, step);
  return value;
}

function memberOf(value: JsonValue | undefined, step: string | number): JsonValue | undefined {
  if (Array.isArray(value)) return value[Number(step)];
  return isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'this';
  return typeof last === 'number' ? `entry ${last + 1} of \`${shorten(String(path.at(-2)))}\`` : `\`${shorten(last)}\``;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text;
}
