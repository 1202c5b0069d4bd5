import type { Change } from '../ports/store.ts';
import type { Catalog } from '../runtime/catalog.ts';
import { digestGoverned, governedToJson } from '../runtime/digest-governed.ts';

/** Keeps every tool as it is governed, under the digest that decisions name: what a call was decided with can be had again. */
export function keepTools({ tools }: Catalog): readonly Change[] {
  return [...tools.values()].map(({ governed }) => ({
    kind: 'content.keep',
    digest: digestGoverned(governed),
    content: governedToJson(governed),
  }));
}
