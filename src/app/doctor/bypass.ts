import type { JsonObject } from '../../base/json.ts';

/** What a probe is told: where things are that an agent must not reach. Paths are absolute. */
export interface ProbeTarget {
  readonly config: string;
  /** Files of hand-written policies. */
  readonly policies: readonly string[];
  /** Files that hold a secret of a server. */
  readonly secrets: readonly string[];
  readonly store: string;
  readonly keys: string;
  /** The key of the gateway's certificate, where it has one. */
  readonly certificateKey?: string;
  /** Files and folders that Chaperone itself runs from. */
  readonly own: readonly string[];
  /** Files and folders that each stdio server is started from: who can change them is that server, secrets included. */
  readonly files: readonly { readonly server: string; readonly paths: readonly string[] }[];
  /** Programs of the configured stdio servers, as a client would start them. */
  readonly programs: readonly {
    readonly server: string;
    readonly command: string;
    readonly args: readonly string[];
    readonly cwd: string;
  }[];
  /** Addresses of the configured HTTP servers. */
  readonly addresses: readonly { readonly server: string; readonly url: string }[];
  /** Servers that cannot be started here as a client would start them, and why. */
  readonly unstarted: readonly { readonly server: string; readonly why: string }[];
  /** The processes that have the store open for writing. */
  readonly gatewayPids: readonly number[];
  /** Folders of the probe's own, where something is mounted that nobody else sees: what it makes there takes no place of anything. */
  readonly unseen?: readonly string[];
  /** Who the agent is, where the probe has to become them. */
  readonly user?: ProbeUser;
}

/** A user as the system would log them in: every group of theirs can open a way. */
export interface ProbeUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** One way around Chaperone, really attempted. */
export interface Attempt {
  readonly name: string;
  /** It could not be attempted here, for the reason that `how` gives: that proves nothing. */
  readonly skipped?: true;
  /** Whether it worked. Each stops short of changing anything. */
  readonly bypassed: boolean;
  readonly how: string;
}

/** `boundary`: every way was attempted, and none got around. `seatbelt`: at least one did, or could not be attempted. */
export type Standing = 'seatbelt' | 'boundary';

export function standingOf(attempts: readonly Attempt[]): Standing {
  return attempts.some(({ bypassed, skipped }) => bypassed || skipped) ? 'seatbelt' : 'boundary';
}

export function attemptToJson(attempt: Attempt): JsonObject {
  const { name, bypassed, skipped, how } = attempt;
  return { name, bypassed, ...(skipped ? { skipped } : {}), how };
}
