import type { Clock } from '../base/clock.ts';
import { canaryTool } from '../model/canary.ts';
import type { Change } from '../ports/store.ts';
import type { Catalog } from '../runtime/catalog.ts';
import { digestGoverned, governedToJson } from '../runtime/digest-governed.ts';
import { describeTool } from './settle-pins.ts';

/**
 * Keeps every tool as it is governed, under the digest that decisions name: what a call was decided with can be had again.
 * The tool of Chaperone's own is pinned as it is: no server can describe it otherwise.
 */
export function keepTools({ tools }: Catalog, clock: Clock): readonly Change[] {
  const { name, pin, tool } = canaryTool;
  const governed = [...[...tools.values()].map((entry) => entry.governed), canaryTool];
  return [
    ...governed.map((each) => ({
      kind: 'content.keep' as const,
      digest: digestGoverned(each),
      content: governedToJson(each),
    })),
    { kind: 'pin.set', tool: name, pin, descriptor: describeTool(tool), atMs: clock.nowMs() },
  ];
}
