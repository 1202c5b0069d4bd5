import type { ToolResult } from '../model/result.ts';
import type { GovernedTool } from '../model/tool.ts';
import type { Assessment } from './assessment.ts';
import { keyOfValue } from './atoms.ts';
import type { Leaf } from './list-leaves.ts';
import { readResult } from './read-result.ts';
import { readToolWords } from './read-tool-words.ts';

/** Whether the key is of an address of somebody or something: only such values are remembered beyond their run. */
export const isParty = (key: string): boolean => /^(?:email|url|account|phone):/.test(key);
const ID_WORDS: ReadonlySet<string> = new Set(['id', 'uuid', 'guid']);

/** What a result says of the object that its call made or changed. */
export interface Made {
  /** Key of its identifier. Absent where there is none, or more than one. */
  readonly id: string | undefined;
  /** The tool said that it failed: then nothing was made, as far as can be told. */
  readonly failed: boolean;
}

/** Records of a result that are looked at for what was made: a write that answers with more has made no single thing. */
const RECORDS = 1_000;

export function findMade(result: ToolResult | undefined, leaves: readonly Leaf[]): Made {
  const failed = result?.isError === true;
  let id: string | undefined;
  let seen = 0;
  for (const shape of result === undefined ? [] : readResult(result, leaves)) {
    const key = shape.id?.key;
    if (++seen > RECORDS || (key !== undefined && id !== undefined)) return { id: undefined, failed };
    id = key ?? id;
  }
  return { id, failed };
}

/** What a write that ran leaves behind, as `kind#id` of objects and `value#key` of values. */
export interface Written {
  /** What this run may act on as its own. */
  readonly created: readonly string[];
  /** What proves nothing when it is read back, here and in other runs: the model chose what is in it. */
  readonly tainted: readonly string[];
}

/**
 * @param input `values`: keys that the call's arguments were the first to bring in.
 */
export function listWritten(input: {
  readonly tool: GovernedTool;
  readonly leaves: readonly Leaf[];
  readonly made: Made;
  readonly assessment: Assessment | undefined;
  readonly approved: boolean;
  readonly values: readonly string[];
}): Written {
  const { tool, leaves, assessment, approved } = input;
  const { id: made, failed } = input.made;
  const created: string[] = [];
  const tainted: string[] = [];
  const { objects } = readToolWords(tool.tool);
  const labels = [...(assessment?.labels.values() ?? [])];
  const vouched = assessment !== undefined && labels.every((label) => label.integrity === 'trusted');
  const allowed = approved || assessment?.facts.verdict === 'permit';
  const chosen = new Set(
    leaves
      .filter((leaf) => assessment?.labels.get(leaf.pointer)?.integrity !== 'trusted')
      .map((leaf) => keyOfValue(leaf.value)),
  );
  if (made !== undefined) {
    for (const kind of objects) {
      // An id that the model chose itself is no proof that anything was made.
      if (!failed && allowed && (approved || !chosen.has(made))) created.push(`${kind}#${made}`);
      if (!vouched) tainted.push(`${kind}#${made}`);
    }
  }
  if (!vouched) {
    for (const leaf of leaves) {
      if (!ID_WORDS.has(leaf.words.at(-1) ?? '')) continue;
      const kinds = leaf.words.length > 1 ? leaf.words.slice(0, -1) : objects;
      for (const kind of kinds) tainted.push(`${kind}#${keyOfValue(leaf.value)}`);
    }
    for (const key of input.values) if (isParty(key)) tainted.push(`value#${key}`);
  }
  return { created: [...new Set(created)], tainted: [...new Set(tainted)] };
}
