import { setImmediate } from 'node:timers/promises';
import type { ToolResult } from '../model/result.ts';
import { Refusal } from './line/refusal.ts';
import type { Verified } from './line/verify.ts';
import type { World } from './world.ts';
import { boundWritten } from './written-objects.ts';

/** What a call that ran left behind. */
export interface TakenIn {
  /** Objects and values that the agent wrote with nobody vouching for them. */
  readonly written: readonly string[];
  /** Puts the result to use. Never rejects; a large one lets others have their turn in between. */
  index(): Promise<void>;
}

const nothing: TakenIn = { written: [], index: async () => {} };
/** Characters that are taken in at once: about ten milliseconds of work. */
const TURN_CHARS = 32_768;

/**
 * What a call that ran left behind, for the flow of its run. Never throws: the tool has run. A bug here costs the run its
 * trust in everything it reads.
 */
export function takeIn(world: World, verified: Verified): TakenIn {
  const { intended, execution } = verified.executed;
  const { decided, approval } = intended.grant;
  const { flow, assessment, validated } = decided.labelled;
  if (verified.ran === 'no' && (execution.ok || execution.protocolError === undefined)) {
    intended.undoStep?.();
    return nothing;
  }
  const forget = (error: unknown): void => {
    flow.forgetResults();
    world.onBug(error, intended.intent.call.id);
  };
  try {
    const seen = seenResult(verified);
    const made = execution.ok ? execution.result : undefined;
    const taken = flow.take(validated.tool, intended.intent.call.arguments, seen, {
      assessment,
      approved: approval !== undefined,
      begun: intended.undoStep !== undefined,
      ...(made === undefined || seen === made ? {} : { made }),
    });
    const index = async (): Promise<void> => {
      try {
        let chars = 0;
        for (const step of taken.index()) {
          chars += step;
          if (chars < TURN_CHARS) continue;
          chars = 0;
          await setImmediate();
        }
      } catch (error) {
        forget(error);
      }
    };
    return { written: boundWritten(taken.written), index };
  } catch (error) {
    forget(error);
    return nothing;
  }
}

/** The result as the agent gets to see it: an error of the server's own is text that it reads, too. */
function seenResult(verified: Verified): ToolResult | undefined {
  const { result } = verified.inspected;
  if (!(result instanceof Refusal)) return result;
  if (result.protocolError === undefined) return undefined;
  const { message, data } = result.protocolError;
  const text = data === undefined ? message : `${message}\n${JSON.stringify(data)}`;
  return { content: [{ type: 'text', text }], isError: true };
}
