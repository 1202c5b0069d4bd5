import type { ErrorCode } from '../base/errors.ts';
import { CANARY_AGENT } from '../model/canary.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Store } from '../ports/store.ts';
import type { CanaryAnswer } from '../runtime/canary.ts';

/** What the canary was answered last. */
export interface LastCanary {
  readonly answer: CanaryAnswer;
  readonly code?: ErrorCode;
  readonly callId?: string;
  readonly atMs: number;
}

const MISSED = 3;

/** The last answer in the record. Undefined where there is none. Throws the store's `Fault`. */
export async function readCanary(record: Pick<Store, 'readEvents'>, tenant: string): Promise<LastCanary | undefined> {
  const [event] = await record.readEvents({
    tenant,
    agent: CANARY_AGENT,
    kinds: ['canary.answered'],
    newestFirst: true,
    limit: 1,
  });
  if (event === undefined) return undefined;
  const { answer, code } = event.body as { readonly answer: CanaryAnswer; readonly code?: ErrorCode }; // as it was written
  return {
    answer,
    ...(code === undefined ? {} : { code }),
    ...(event.callId === undefined ? {} : { callId: event.callId }),
    atMs: event.atMs,
  };
}

/** What is wrong about it, if anything. `serves`: a gateway that should send it is running. */
export function judgeCanary(
  manifest: Manifest,
  last: LastCanary | undefined,
  serves: boolean,
  nowMs: number,
): { readonly state: 'ok' | 'warning' | 'failed'; readonly detail: string } {
  const { canary, mode } = manifest;
  const at = last === undefined ? '' : ` at ${new Date(last.atMs).toISOString()}`;
  if (last?.answer === 'permitted') {
    const see = last.callId === undefined ? '' : `: chaperone explain ${last.callId}`;
    return { state: 'failed', detail: `a call that nobody may make was not denied${at}${see}` };
  }
  if (!canary.enabled) return { state: 'warning', detail: 'it is turned off' };
  if (mode === 'observe') return { state: 'warning', detail: 'mode `observe` lets everything pass: nothing is tried' };
  if (last === undefined) return { state: 'ok', detail: 'not tried yet: `chaperone up` does' };
  if (last.answer === 'unknown') return { state: 'warning', detail: `it could not be tried${at} (${last.code})` };
  const isOld = serves && nowMs - last.atMs > MISSED * canary.every;
  return {
    state: isOld ? 'warning' : 'ok',
    detail: isOld ? `denied${at}, and not tried since` : `denied${at}, as it should be`,
  };
}
