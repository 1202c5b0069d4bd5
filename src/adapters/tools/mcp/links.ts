import { setImmediate as turn } from 'node:timers/promises';
import { errorEntry } from '../../../base/errors.ts';
import { Fault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import { readClientCapabilities } from '../../../model/mcp-capabilities.ts';
import type { McpEra, McpPeer } from '../../../ports/mcp-upstream.ts';
import { connect, type McpReach } from './connect.ts';
import type { Connection, Listener } from './connection.ts';
import type { Mask } from './create-mask.ts';

/** Who a connection is held for. */
export type Holder = Pick<McpPeer, 'name' | 'principal' | 'era' | 'capabilities'>;

/** The gateway itself: what it asks for its catalog carries nothing of any client. */
export const OWN: Holder = { name: '', principal: '', era: 'modern', capabilities: {} };

interface Link {
  readonly principal: string;
  connection: Promise<Connection>;
  /** Once it stands. */
  open: Connection | undefined;
  /** What is to take its place, while that is being opened. */
  next: Promise<Connection> | undefined;
}

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
 * agent costs a single process. Of the processes that a principal's sessions start, the longest idle is ended when
 * there are too many; its session gets another with its next call.
 */
export class Links {
  readonly #options: LinksOptions;
  /** The longest unused first. */
  readonly #links = new Map<string, Link>();
  /** What is being ended, until it is: a process takes its time. */
  readonly #ending = new Set<{ readonly principal: string; readonly ended: Promise<void> }>();
  #ownEra: McpEra | undefined;
  #adopter: string | undefined;
  #closed = false;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** The holder's connection. Rejects with a `Fault`, of code E_SERVER_BUSY where its principal has too many. */
  get(holder: Holder): Promise<Connection> {
    const key = this.#key(holder);
    const known = this.#links.get(key);
    if (known) {
      this.#links.delete(key);
      this.#links.set(key, known);
      if (known.open?.stale !== true) return known.connection;
      known.next ??= this.#replace(key, holder, known);
      return known.next;
    }
    if (this.#closed) return Promise.reject(new Fault('E_UPSTREAM_UNREACHABLE', 'the gateway is shutting down'));
    const link: Link = {
      principal: key === OWN.name ? OWN.principal : holder.principal,
      connection: this.#makeRoom(key, holder).then(() => this.#open(key, holder, link)),
      open: undefined,
      next: undefined,
    };
    this.#links.set(key, link);
    link.connection.then(
      (open) => {
        link.open = open;
      },
      () => this.#forget(key, link),
    );
    return link.connection;
  }

  /** Ends a connection that is of no use any more; the next call opens another. */
  drop(holder: Holder): void {
    this.#end(this.#key(holder));
  }

  /** Notifies the server on the holder's connection, if there is one. */
  tell(holder: Holder, method: string): void {
    this.#links
      .get(this.#key(holder))
      ?.connection.then((connection) => connection.notify(method, {}))
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
    await Promise.allSettled(links.map(async (link) => (await link.connection).close()));
  }

  /** Waits until one more process for the holder's principal is within bounds. Rejects with a `Fault` E_SERVER_BUSY. */
  async #makeRoom(key: string, { principal }: Holder): Promise<void> {
    if (this.#options.reach.kind !== 'stdio' || key === OWN.name) return;
    let settled = false;
    for (;;) {
      const own = [...this.#links].filter(([other, link]) => other !== key && link.principal === principal);
      const ending = [...this.#ending].filter((one) => one.principal === principal);
      if (own.length + ending.length < limits.mcpProcessesPerPrincipal) return;
      if (own.length >= limits.mcpProcessesPerPrincipal) {
        if (!settled) {
          // Whoever was handed one a moment ago puts it to use before this goes on.
          await turn();
          settled = true;
          continue;
        }
        const idle = own.find(([, { open }]) => open !== undefined && !open.busy);
        if (idle === undefined) throw new Fault('E_SERVER_BUSY', errorEntry('E_SERVER_BUSY').meaning);
        this.#end(idle[0]);
        settled = false;
      } else {
        await Promise.race(ending.map(({ ended }) => ended));
        settled = false;
      }
    }
  }

  /**
   * Opens another connection in the place of one that is stale; what is under way there is seen to its end. As long as
   * that does not work the stale one goes on: it is good for a while yet.
   */
  async #replace(key: string, holder: Holder, stale: Link): Promise<Connection> {
    const link: Link = { principal: stale.principal, connection: stale.connection, open: undefined, next: undefined };
    try {
      const connection = await this.#open(key, holder, link);
      Object.assign(link, { connection: Promise.resolve(connection), open: connection });
      if (this.#links.get(key) !== stale) {
        // Ended meanwhile, or broken: whoever asks next opens one.
        await connection.close();
        return connection;
      }
      this.#links.set(key, link);
      stale.open?.retire();
      return connection;
    } catch {
      stale.next = undefined;
      return stale.connection;
    }
  }

  #end(key: string): void {
    const link = this.#links.get(key);
    if (link === undefined) return;
    this.#links.delete(key);
    const ended = link.connection.then((connection) => connection.close()).catch(() => {});
    const ending = { principal: link.principal, ended };
    this.#ending.add(ending);
    void ended.then(() => this.#ending.delete(ending));
  }

  #key(holder: Holder): string {
    const adopts = this.#adopter === undefined && holder.name !== OWN.name && holder.era === this.#ownEra;
    if (adopts && Object.keys(askable(holder)).length === 0) this.#adopter = holder.name;
    return holder.name === this.#adopter ? OWN.name : holder.name;
  }

  async #open(key: string, holder: Holder, link: Link): Promise<Connection> {
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
        // Whoever ended it on purpose has taken it out already, and there may be another in its place.
        if (this.#forget(key, link) && key === OWN.name && !this.#closed) onOwnLost();
      },
    });
    if (key === OWN.name) {
      this.#ownEra = connection.negotiated.era;
      onOwnOpen(connection);
    }
    return connection;
  }

  #forget(key: string, link: Link): boolean {
    return this.#links.get(key) === link && this.#links.delete(key);
  }
}

/** What of a client's capabilities a server is told when it connects: a modern client's go with each request. */
function askable({ era, capabilities }: Holder): JsonObject {
  return era === 'modern' ? {} : readClientCapabilities(capabilities);
}
