import { type Clock, newId } from '../base/clock.ts';
import { type Digest, digestJson } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { Template } from '../contract/model-step.ts';
import type { Store } from '../ports/store.ts';

const PAGE = 500;

/**
 * Prompt templates by name and version. A version never changes: the digest of its text is recorded when it is registered, and
 * the text is kept under it.
 */
export class TemplateBook {
  readonly #store: Store;
  readonly #clock: Clock;
  /** By tenant. */
  readonly #known = new Map<string, Promise<Map<string, Digest>>>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Registers the templates of a configuration, all of them or none.
   *
   * @throws Fault E_TEMPLATE_CHANGED that names the first whose version has another text; E_STORE.
   */
  async adopt(tenant: string, templates: readonly Template[]): Promise<void> {
    if (templates.length === 0) return;
    const known = await this.#read(tenant);
    for (const template of templates) requireUnchanged(known, template);
    for (const template of templates) await this.register(tenant, template);
  }

  /** The digest of a template that was registered. Throws a `Fault` where the store cannot be read. */
  async find(tenant: string, id: string, version: string): Promise<Digest | undefined> {
    return (await this.#read(tenant)).get(nameOf(id, version));
  }

  /**
   * Registers a version; the same once more does nothing.
   *
   * @throws Fault E_TEMPLATE_CHANGED where the version has another text; E_STORE.
   */
  async register(tenant: string, { id, version, text }: Template): Promise<Digest> {
    const known = await this.#read(tenant);
    const digest = digestJson({ text });
    if (requireUnchanged(known, { id, version, text })) return digest;
    const event = {
      id: newId(this.#clock, 'evt'),
      kind: 'template.registered' as const,
      tenant,
      atMs: this.#clock.nowMs(),
      body: { template: id, version, digest },
    };
    const result = await this.#store.commit([
      { kind: 'content.keep', digest, content: { text } },
      { kind: 'event.append', event },
    ]);
    if (!result.ok) throw new Fault(result.code, result.message);
    known.set(nameOf(id, version), digest);
    return digest;
  }

  #read(tenant: string): Promise<Map<string, Digest>> {
    const known = this.#known.get(tenant);
    if (known !== undefined) return known;
    const read = this.#readAll(tenant);
    this.#known.set(tenant, read);
    read.catch(() => this.#known.delete(tenant));
    return read;
  }

  async #readAll(tenant: string): Promise<Map<string, Digest>> {
    const known = new Map<string, Digest>();
    const query = { tenant, kinds: ['template.registered'] as const, limit: PAGE };
    for (let afterSeq = 0; ; ) {
      const page = await this.#store.readEvents({ ...query, afterSeq });
      for (const { seq, body } of page) {
        afterSeq = seq;
        const name = nameOf(String(body['template']), String(body['version']));
        if (!known.has(name)) known.set(name, body['digest'] as Digest); // as `register` wrote it
      }
      if (page.length === 0) return known;
    }
  }
}

/** Whether the version is registered with this text. Throws a `Fault` E_TEMPLATE_CHANGED where it is with another. */
function requireUnchanged(known: ReadonlyMap<string, Digest>, { id, version, text }: Template): boolean {
  const before = known.get(nameOf(id, version));
  if (before === undefined || before === digestJson({ text })) return before !== undefined;
  throw new Fault('E_TEMPLATE_CHANGED', `version \`${version}\` of \`${id}\` is registered with another text`);
}

const nameOf = (id: string, version: string): string => JSON.stringify([id, version]);
