import { isJsonObject } from '../base/json.ts';
import type { ToolResult } from '../model/result.ts';

/** Where a program finds it. */
const META_NAME = 'chaperone/stale';

/** An earlier answer, saying so to the model in a text of its own and to programs in `_meta`. */
export function markStale(result: ToolResult, kept: { readonly from: string; readonly ageMs: number }): ToolResult {
  const meta = result.extra?.['_meta'];
  const seconds = Math.round(kept.ageMs / 1_000);
  const text = `The tool does not work right now. This is its answer to the same call from ${seconds} seconds ago.`;
  return {
    ...result,
    content: [...result.content, { type: 'text', text }],
    extra: { ...result.extra, _meta: { ...(isJsonObject(meta) ? meta : {}), [META_NAME]: { ...kept } } },
  };
}
