import type { Duplex } from 'node:stream';
import type { Tunnelled } from './check-request.ts';
import type { ConfidedHosts } from './confided-hosts.ts';
import type { EgressClient } from './egress-client.ts';
import type { HeldBytes } from './hold-body.ts';
import type { EgressRuntime } from './runtime.ts';
import type { CleanHeaders } from './scan-request.ts';

/** One connection to the door, and what is known of it. */
export interface DoorConnection {
  readonly runtime: EgressRuntime;
  readonly socket: Duplex;
  readonly held: HeldBytes;
  readonly clean: CleanHeaders;
  /** Of the whole door. */
  readonly confided: ConfidedHosts;
  /** Whose it is, once that is known: by its socket, or by the credentials it showed. */
  client: EgressClient | undefined;
  /** Credentials that were found good, as they came: they stand in every request. */
  login: string | undefined;
  /** The host that it leads to, where it is a tunnel whose content is seen. */
  readonly tunnel: Tunnelled | undefined;
}
