import { type Digest, digestJson } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { GovernedTool } from '../model/tool.ts';

const known = new WeakMap<GovernedTool, Digest>();

/** The digest under which a tool is kept as it was governed when a call of it was decided. Taken once for each tool. */
export function digestGoverned(governed: GovernedTool): Digest {
  const before = known.get(governed);
  if (before !== undefined) return before;
  const digest = digestJson(governedToJson(governed));
  known.set(governed, digest);
  return digest;
}

/** What the digest is of. */
export function governedToJson(governed: GovernedTool): JsonObject {
  return JSON.parse(JSON.stringify(governed)) as JsonObject; // data alone, some members undefined
}
