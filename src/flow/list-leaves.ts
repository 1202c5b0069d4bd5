import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { type FlowSink, type FlowTool, splitIdentifier } from './flow-tool.ts';
import { stemWord } from './fold-text.ts';

/** One value of the arguments, where it stands, and what it carries. */
export interface Leaf {
  /** JSON pointer. */
  readonly pointer: string;
  /** As sinks are written: `recipients[]`, `options.depth`. */
  readonly path: string;
  /** Stems of the words of its own name. */
  readonly words: readonly string[];
  readonly value: string | number | boolean;
  readonly carries?: FlowSink['carries'];
  readonly sink?: FlowSink;
}

/**
 * Every value of the arguments that is no container, with the sink it falls under. Keys of objects that the schema
 * leaves open are values too, since they are chosen like any other. What no sink covers carries nothing protected.
 */
export function listLeaves(tool: FlowTool, args: JsonObject): Leaf[] {
  const leaves: Leaf[] = [];
  const take = (pointer: string, path: string, name: string, value: string | number | boolean): void => {
    const sink = findSink(tool.sinks, path);
    leaves.push({
      pointer,
      path,
      words: splitIdentifier(name).map(stemWord),
      value,
      ...(sink && { sink, carries: sink.carries }),
    });
  };
  const visit = (value: JsonValue, pointer: string, path: string, name: string): void => {
    if (value === null) return;
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) visit(item, `${pointer}/${i}`, `${path}[]`, name);
    } else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        visit(
          item,
          `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
          path === '' ? key : `${path}.${key}`,
          key,
        );
      }
    } else take(pointer, path, name, value as string | number | boolean);
  };
  visit(args, '', '', '');
  return leaves;
}

/** The sink of a path: itself, a pattern with `*`, or the container that holds it. The nearest one wins. */
function findSink(sinks: readonly FlowSink[], path: string): FlowSink | undefined {
  const exact = sinks.find((sink) => sink.path === path);
  if (exact) return exact;
  let best: FlowSink | undefined;
  for (const sink of sinks) {
    const prefix = sink.path.endsWith('*') ? sink.path.slice(0, -1) : `${sink.path}`;
    const covers =
      sink.path === '*' ||
      (path.startsWith(prefix) && (sink.path.endsWith('*') || /^[.[]/.test(path.slice(prefix.length))));
    if (covers && (best === undefined || sink.path.length > best.path.length)) best = sink;
  }
  return best;
}

/** The arguments with some values replaced, by JSON pointer. */
export function replaceLeaves(args: JsonObject, changes: ReadonlyMap<string, string>): JsonObject {
  if (changes.size === 0) return args;
  const visit = (value: JsonValue, pointer: string): JsonValue => {
    if (Array.isArray(value)) return value.map((item, i) => visit(item, `${pointer}/${i}`));
    if (!isJsonObject(value)) return changes.get(pointer) ?? value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        visit(item, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
      ]),
    );
  };
  return Object.fromEntries(
    Object.entries(args).map(([key, item]) => [
      key,
      visit(item, `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    ]),
  );
}
