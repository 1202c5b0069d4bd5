import type { Clock } from '../../base/clock.ts';
import type { JsonObject } from '../../base/json.ts';
import type { McpListKind, McpUpstream } from '../../ports/mcp-upstream.ts';

const FRESH_MS = 30_000;

interface Listing {
  readonly atMs: number;
  readonly items: Promise<readonly JsonObject[]>;
  /** What to fall back on while the server cannot be asked: a name must not change hands because its owner is down. */
  readonly last: readonly JsonObject[];
}

/** What the servers list besides tools, remembered until they say it changed, and for 30 s at most. */
export class Listings {
  readonly #clock: Clock;
  readonly #upstreams: ReadonlyMap<string, McpUpstream>;
  readonly #known = new Map<string, Listing>();
  readonly #stops: (() => void)[] = [];

  constructor(clock: Clock, upstreams: ReadonlyMap<string, McpUpstream>) {
    this.#clock = clock;
    this.#upstreams = upstreams;
    this.restart();
  }

  /** Forgets everything and follows the servers there are now. */
  restart(): void {
    this.close();
    this.#known.clear();
    for (const upstream of this.#upstreams.values()) {
      for (const kind of ['resources', 'templates', 'prompts'] as const) {
        this.#stops.push(upstream.onListChanged(kind, () => this.#expire(upstream.server, kind)));
      }
    }
  }

  /** Never rejects: a server that cannot be asked lists what it listed before. */
  async list(server: string, kind: McpListKind): Promise<readonly JsonObject[]> {
    const upstream = this.#upstreams.get(server);
    if (!upstream) return [];
    const key = `${kind} ${server}`;
    const known = this.#known.get(key);
    const nowMs = this.#clock.monotonicMs();
    if (known && nowMs - known.atMs < FRESH_MS) return known.items;
    const last = known?.last ?? [];
    const items = upstream.list(kind).then(
      (listed) => {
        this.#known.set(key, { atMs: nowMs, items, last: listed });
        return listed;
      },
      () => last,
    );
    this.#known.set(key, { atMs: nowMs, items, last });
    return items;
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #expire(server: string, kind: McpListKind): void {
    const key = `${kind} ${server}`;
    const known = this.#known.get(key);
    if (known) this.#known.set(key, { ...known, atMs: Number.NEGATIVE_INFINITY });
  }
}
