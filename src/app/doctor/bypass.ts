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
  /** Programs of the configured stdio servers, as a client would start them. */
  readonly programs: readonly {
    readonly server: string;
    readonly command: string;
    readonly args: readonly string[];
    readonly cwd: string;
  }[];
  /** Addresses of the configured HTTP servers. */
  readonly addresses: readonly { readonly server: string; readonly url: string }[];
  /** The process that holds the store, if one does. */
  readonly gatewayPid: number | null;
}

/** One way around Chaperone, really attempted. */
export interface Attempt {
  readonly name: string;
  /** Whether it worked. Each stops short of changing anything. */
  readonly bypassed: boolean;
  readonly how: string;
}

/** `boundary`: no attempt got around. `seatbelt`: at least one did. */
export type Standing = 'seatbelt' | 'boundary';

export function standingOf(attempts: readonly Attempt[]): Standing {
  return attempts.some((attempt) => attempt.bypassed) ? 'seatbelt' : 'boundary';
}

export function attemptToJson(attempt: Attempt): JsonObject {
  return { name: attempt.name, bypassed: attempt.bypassed, how: attempt.how };
}
