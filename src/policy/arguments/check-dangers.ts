import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { Reason } from '../../model/decision.ts';
import type { Effect } from '../../model/effect.ts';
import { type ArgumentKind, type DangerKind, kindsOf } from './argument-kinds.ts';
import { splitPath } from './argument-path.ts';
import type { LocatedConstraint } from './bind-constraints.ts';
import { findDanger } from './find-danger.ts';
import { pointerTo } from './json-pointer.ts';
import { member, subschemas } from './schema-vocabulary.ts';
import type { WorkBudget } from './work-budget.ts';

/** The built-in checks of one tool. Returns a reason for every text with syntax that cannot be meant where it stands. */
export type DangerCheck = (args: JsonObject, budget: WorkBudget) => readonly Reason[];

/** A check may take several passes over a text. */
const STEPS_PER_CHARACTER = 2;

/**
 * Prepares the built-in checks for a tool. Every text in the arguments is looked at by the name it stands under, also
 * in free-form objects; elements of a list by the list's name. `permits:` lifts named checks from an argument and
 * everything in it. An argument with a `directories` limit is judged by that limit, which is stricter.
 */
export function prepareDangerCheck(
  schema: JsonObject,
  effect: Effect,
  constraints: readonly LocatedConstraint[],
): DangerCheck {
  const formats = collectFormats(schema);
  const known = new Map<string, readonly ArgumentKind[]>();
  for (const name of collectNames(schema)) known.set(name, kindsOf(name, formats.get(name)));
  const exempt = new Map<string, ReadonlySet<DangerKind>>();
  for (const { argument, constraint } of constraints) {
    const lifted: DangerKind[] = [...(constraint.permits ?? []), ...(constraint.directories ? ['path' as const] : [])];
    if (lifted.length === 0) continue;
    const key = splitPath(argument).join('.');
    exempt.set(key, new Set([...(exempt.get(key) ?? []), ...lifted]));
  }
  return (args, budget) => {
    const reasons: Reason[] = [];
    const visit = (value: JsonValue, place: Visited): void => {
      if (typeof value === 'string') {
        for (const { kind, sure } of place.kinds) {
          if (place.lifted.has(kind)) continue;
          budget.spend(value.length * STEPS_PER_CHARACTER);
          const message = findDanger({ kind, sure }, value, effect);
          if (!message) continue;
          reasons.push({
            code: 'E_ARGUMENT_DANGEROUS',
            message,
            path: place.pointer,
            policy: `built-in check ${kind}`,
          });
        }
      } else if (Array.isArray(value)) {
        for (const [index, element] of value.entries()) {
          visit(element, { ...place, pointer: pointerTo(place.pointer, index) });
        }
      } else if (isJsonObject(value)) {
        for (const name of Object.keys(value)) {
          const dotted = place.dotted === '' ? name : `${place.dotted}.${name}`;
          const own = known.get(name) ?? kindsOf(name);
          const inMap = own.length === 0 && isHeaderMap(place.dotted);
          const lifted = exempt.get(dotted);
          visit(value[name] ?? null, {
            kinds: inMap ? HEADERS : own,
            lifted: lifted ? new Set([...place.lifted, ...lifted]) : place.lifted,
            dotted,
            pointer: pointerTo(place.pointer, name),
          });
        }
      }
    };
    visit(args, { kinds: [], lifted: new Set(), dotted: '', pointer: '' });
    return reasons;
  };
}

interface Visited {
  readonly kinds: readonly ArgumentKind[];
  readonly lifted: ReadonlySet<DangerKind>;
  readonly dotted: string;
  readonly pointer: string;
}

const HEADERS: readonly ArgumentKind[] = [{ kind: 'header', sure: true }];

/** Whatever stands under a name inside `headers` is a header. */
function isHeaderMap(dotted: string): boolean {
  return /(headers?|cookies?)$/i.test(dotted);
}

function* collectNames(schema: JsonValue): Generator<string> {
  if (!isJsonObject(schema)) return;
  const properties = member(schema, 'properties');
  if (isJsonObject(properties)) yield* Object.keys(properties);
  for (const [, inner] of subschemas(schema)) yield* collectNames(inner);
}

function collectFormats(schema: JsonValue, formats = new Map<string, string>()): ReadonlyMap<string, string> {
  if (!isJsonObject(schema)) return formats;
  const properties = member(schema, 'properties');
  for (const [name, one] of Object.entries(isJsonObject(properties) ? properties : {})) {
    const format = isJsonObject(one) ? (member(one, 'format') ?? itemFormat(one)) : undefined;
    if (typeof format === 'string') formats.set(name, format);
  }
  for (const [, inner] of subschemas(schema)) collectFormats(inner, formats);
  return formats;
}

function itemFormat(schema: JsonObject): JsonValue | undefined {
  const items = member(schema, 'items');
  return isJsonObject(items) ? member(items, 'format') : undefined;
}
