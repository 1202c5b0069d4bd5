import { limits } from '../base/limits.ts';
import { hideWritten, isHidden } from '../model/written.ts';
import type { Store } from '../ports/store.ts';

const PAGE = 1_000;

/**
 * What agents of one tenant wrote with nobody vouching for it, in any run and any process: objects as `kind#id`, values
 * as `value#key`. Beyond `limits.writtenObjects` everything counts as written by an agent.
 */
export class WrittenObjects {
  readonly #store: Pick<Store, 'listWritten'>;
  readonly #tenant: string;
  readonly #objects = new Set<string>();
  #seq = 0;
  /** Whether any of them was written by a run that was erased. */
  #hasHidden = false;

  constructor(store: Pick<Store, 'listWritten'>, tenant: string) {
    this.#store = store;
    this.#tenant = tenant;
  }

  get isFull(): boolean {
    return this.#objects.size > limits.writtenObjects;
  }

  get isEmpty(): boolean {
    return this.#objects.size === 0;
  }

  /** `object` as `kind#id`; `kind#*` stands for every object of a kind. */
  has(object: string): boolean {
    if (this.isFull || this.#objects.has(object) || this.#objects.has(`${object.slice(0, object.indexOf('#'))}#*`))
      return true;
    return this.#hasHidden && this.#objects.has(hideWritten(this.#tenant, object));
  }

  /** Remembers what this process wrote, whether or not the store has it yet. */
  add(objects: readonly string[]): void {
    for (const object of objects) {
      if (this.isFull) return;
      this.#objects.add(object);
      this.#hasHidden ||= isHidden(object);
    }
  }

  /** Reads what was written since the last time, by whichever process. Rejects with the store's fault. */
  async catchUp(): Promise<void> {
    while (!this.isFull) {
      const page = await this.#store.listWritten(this.#tenant, this.#seq, PAGE);
      this.add(page.map(({ object }) => object));
      this.#seq = page.at(-1)?.seq ?? this.#seq;
      if (page.length < PAGE) return;
    }
  }
}

/** At most so many objects of one call; of kinds that have more, every object counts. */
export function boundWritten(objects: readonly string[]): readonly string[] {
  if (objects.length <= limits.writtenObjectsPerCall) return objects;
  const kinds = objects.map((object) => `${object.slice(0, object.indexOf('#'))}#*`);
  return [...new Set(kinds)].slice(0, limits.writtenObjectsPerCall);
}
