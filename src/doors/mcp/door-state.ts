import type { Clock } from '../../base/clock.ts';
import type { McpUpstream } from '../../ports/mcp-upstream.ts';
import type { McpCaller, McpGate } from './gate.ts';
import type { Listings } from './listings.ts';
import type { StateSeal } from './state-seal.ts';
import type { SuspendedRounds } from './suspended-rounds.ts';
import { type ToolView, viewTools } from './tool-view.ts';

/** What every request of this door stands on. */
export interface DoorState {
  readonly gate: McpGate;
  readonly clock: Clock;
  readonly upstreams: ReadonlyMap<string, McpUpstream>;
  readonly listings: Listings;
  readonly seal: StateSeal;
  readonly suspended: SuspendedRounds;
  /** Calls that are held while people are asked. */
  readonly holding: { count: number };
  /** Something went wrong that no client is told of. */
  readonly onProblem: (problem: unknown) => void;
}

export async function viewOf(door: DoorState, caller: McpCaller): Promise<ToolView> {
  return viewTools(await door.gate.listTools(caller));
}
