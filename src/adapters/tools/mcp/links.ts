import { Fault } from '../../../base/fault.ts';
import type { JsonObject, JsonValue } from '../../../base/json.ts';
import type { McpEra, McpPeer } from '../../../ports/mcp-upstream.ts';
import { connect, type McpReach } from './connect.ts';
import type { Connection, Listener } from './connection.ts';
import type { Mask } from './masked-wire.ts';

/** Who a connection is held for. */
export type Holder = Pick<McpPeer, 'name' | 'era' | 'capabilities'>;

/** The gateway itself: what it asks for its catalog carries nothing of any client. */
export const OWN: Holder = { name: '', era: 'modern', capabilities: {} };

export interface LinksOptions {
  readonly reach: McpReach;
  readonly timeoutMs: number;
  readonly onStderr: (line: string) => void;
  readonly mask: Mask | undefined;
  /** Takes a connection's messages outside of any request; `name` says who holds the connection at that moment. */
  readonly listen: (name: () => string) => Listener;
  readonly onOwnOpen: (connection: Connection) => void;
  /** The gateway's own connection broke: whatever the server lists may be different when it is back. */
  readonly onOwnLost: () => void;
}

/**
 * The connections to one server, one for each holder, opened when first used and again after they broke. The first
 * holder that declares nothing the server could ask of it, in the era the gateway itself speaks to the server, takes
 * over the gateway's own connection: only lists were asked for on it, so nothing of anybody is in it, and a single
 * agent costs a single process.
 */
export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<string, Promise<Connection>>();
  #ownEra: McpEra | undefined;
  #adopter: string | undefined;
  #closed = false;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** The holder's connection. Rejects with a `Fault`. */
  get(holder: Holder): Promise<Connection> {
    const key = this.#key(holder);
    const known = this.#links.get(key);
    if (known) return known;
    if (this.#closed) return Promise.reject(new Fault('E_UPSTREAM_UNREACHABLE', 'the gateway is shutting down'));
    const opened = this.#open(key, holder);
    this.#links.set(key, opened);
    opened.catch(() => this.#forget(key, opened));
    return opened;
  }

  /** Ends a connection that is of no use any more; the next call opens another. */
  drop(holder: Holder): void {
    const key = this.#key(holder);
    const link = this.#links.get(key);
    this.#links.delete(key);
    link?.then((connection) => connection.close()).catch(() => {});
  }

  /** Notifies the server on the holder's connection, if there is one. */
  tell(holder: Holder, method: string): void {
    this.#links
      .get(this.#key(holder))
      ?.then((connection) => connection.notify(method, {}))
      .catch(() => {});
  }

  release(holder: Holder): void {
    const adopted = this.#adopter === holder.name;
    this.drop(holder);
    if (!adopted) return;
    this.#adopter = undefined;
    this.#ownEra = undefined;
    this.#options.onOwnLost();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.allSettled(links.map(async (link) => (await link).close()));
  }

  #key(holder: Holder): string {
    const adopts = this.#adopter === undefined && holder.name !== OWN.name && holder.era === this.#ownEra;
    if (adopts && Object.keys(askable(holder)).length === 0) this.#adopter = holder.name;
    return holder.name === this.#adopter ? OWN.name : holder.name;
  }

  async #open(key: string, holder: Holder): Promise<Connection> {
    const { reach, timeoutMs, onStderr, mask, listen, onOwnOpen, onOwnLost } = this.#options;
    const connection = await connect({
      reach,
      prefer: holder.era,
      capabilities: askable(holder),
      listener: listen(() => (key === OWN.name ? (this.#adopter ?? key) : key)),
      onStderr,
      mask,
      timeoutMs,
      onClose: () => {
        // Whoever ended it on purpose has taken it out already.
        if (this.#forget(key, this.#links.get(key)) && key === OWN.name && !this.#closed) onOwnLost();
      },
    });
    if (key === OWN.name) {
      this.#ownEra = connection.negotiated.era;
      onOwnOpen(connection);
    }
    return connection;
  }

  #forget(key: string, link: Promise<Connection> | undefined): boolean {
    return link !== undefined && this.#links.get(key) === link && this.#links.delete(key);
  }
}

const ASKABLE = ['sampling', 'elicitation', 'roots'] as const;

/** What of a client's capabilities a server is told: what the gateway can carry back to it. */
function askable({ era, capabilities }: Holder): JsonObject {
  if (era === 'modern') return {};
  const told: Record<string, JsonValue> = {};
  for (const name of ASKABLE) {
    const value = capabilities[name];
    if (value !== undefined) told[name] = value;
  }
  return told;
}
