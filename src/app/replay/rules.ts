import { CANARY_AGENT } from '../../model/canary.ts';
import type { GovernedTool, Tool } from '../../model/tool.ts';
import { buildCatalog, type Catalog, type CatalogInput } from '../../runtime/catalog.ts';

/**
 * Rules ready to decide recorded calls with. They are checked against the tools that are known, to which one that a recorded
 * call names is added when it is met: which servers were there when the rules came into force is no matter.
 */
export class Rules {
  readonly #input: Omit<CatalogInput, 'tools' | 'pins'>;
  #tools: readonly Tool[];
  #catalog: Catalog | undefined;

  constructor(input: Omit<CatalogInput, 'tools' | 'pins'>, tools: readonly Tool[]) {
    this.#input = input;
    this.#tools = tools;
  }

  /** Of the tools that are known by now. Throws a `Fault` E_CONFIG, E_POLICY_INVALID where the rules are wrong. */
  catalog(): Catalog {
    this.#catalog ??= this.#build();
    return this.#catalog;
  }

  /** A catalog that has the tool as it was called. Throws as `catalog`. */
  catalogFor({ name, pin, tool }: GovernedTool): Catalog {
    const catalog = this.catalog();
    if (catalog.find(name, CANARY_AGENT)?.governed.pin === pin) return catalog;
    this.#tools = [...this.#tools.filter((other) => other.server !== tool.server || other.name !== tool.name), tool];
    this.#catalog = this.#build();
    return this.#catalog;
  }

  #build(): Catalog {
    return buildCatalog({ ...this.#input, tools: this.#tools, pins: new Map() });
  }
}
