import { setTimeout as pause } from 'node:timers/promises';
import { newId } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { type IsolationScope, isWithin } from '../../model/isolation.ts';
import type { StopReport } from '../../runtime/isolation.ts';
import { raiseSignal } from './signal.ts';
import type { StopBase } from './stop-base.ts';

const LOOK_MS = 5;

/** How long a stop took to be in force, and to be seen. */
export interface Effect {
  /** Until the commit that put it into force had returned: since it began or, of a file, since a gateway first saw it. */
  readonly commitMs: number;
  /**
   * Of a stop that a file alone made: from when the file was put there until the record had the stop. No call was granted
   * meanwhile either: each looks for the file. Both ends are read from clocks that can be set: where one was meanwhile it is
   * off by as much, and absent where that makes it negative. `commitMs` does not depend on them.
   */
  readonly fileMs?: number;
  /** Gateways that live on the data folder. */
  readonly gateways: number;
  /** From the commit until the last of them had seen it and acted on it. Absent: there is none, or not all did. */
  readonly seenMs?: number;
  /** Processes that had not seen it in time. They grant nothing either: the store refuses their intents. */
  readonly missing: readonly number[];
}

/** What became of credentials that were leased within a scope, as far as it is recorded by now. */
export interface LeasesEnded {
  /** Taken back by whoever issued them. */
  readonly returned: number;
  /** Not taken back: good until they expire, or until it is tried again. */
  readonly standing: number;
}

/** A stop that the store has taken, and since when it was wanted. */
export interface TakenStop {
  readonly scope: IsolationScope;
  readonly report: StopReport;
  /** By the monotonic clock. */
  readonly beganMs: number;
  /** Where a file alone made it, and when that was put there is known. */
  readonly thrownAtMs?: number;
}

/** Tells the gateways of a stop, and records how long it took until they had seen it. Throws the store's `Fault`. */
export async function recordEffect(
  base: Pick<StopBase, 'store' | 'clock' | 'data'>,
  tenant: string,
  { scope, report, beganMs, thrownAtMs }: TakenStop,
): Promise<{ readonly effect: Effect; readonly leases: LeasesEnded }> {
  const { store, clock } = base;
  const commitMs = clock.monotonicMs() - beganMs;
  const committedAtMs = clock.nowMs();
  const fileMs = thrownAtMs === undefined ? -1 : committedAtMs - thrownAtMs;
  await raiseSignal(base.data, report.epoch).catch(() => {}); // then they look by themselves, a second later
  const seen = await waitUntilSeen(base, report.epoch, committedAtMs);
  const effect: Effect = { commitMs, ...(fileMs < 0 ? {} : { fileMs }), ...seen };
  const leases = await readLeases(base, scope, tenant, report.seq);
  await store.commit([
    {
      kind: 'event.append',
      event: {
        id: newId(clock, 'evt'),
        kind: 'isolation.effective',
        tenant,
        atMs: clock.nowMs(),
        body: {
          scope: report.scope,
          epoch: report.epoch,
          commitMs: round(commitMs),
          ...(effect.fileMs === undefined ? {} : { fileMs: round(effect.fileMs) }),
          gateways: effect.gateways,
          ...(effect.seenMs === undefined ? {} : { seenMs: effect.seenMs }),
          missing: [...effect.missing],
          inFlight: report.inFlight.length,
          leases: { ...leases },
        },
      },
    },
  ]);
  return { effect, leases };
}

const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** What the gateways have recorded of leases in the scope since it was stopped, in the tenant's record. */
async function readLeases(
  { store }: Pick<StopBase, 'store'>,
  scope: IsolationScope,
  tenant: string,
  afterSeq: number,
): Promise<LeasesEnded> {
  const events = await store.readEvents({ tenant, kinds: ['credential.revoked'], afterSeq, limit: 1_000 });
  const lineageOf = new Map(
    await Promise.all(
      events.map(async ({ runId }) => {
        const run = runId === undefined ? undefined : await store.readRun(tenant, runId);
        return [runId, run?.lineage] as const;
      }),
    ),
  );
  const ended = events.filter((event) => isWithin({ ...event, lineage: lineageOf.get(event.runId) }, scope));
  const returned = ended.filter(({ body }) => body['revoked'] === 'yes').length;
  return { returned, standing: ended.length - returned };
}

async function waitUntilSeen(
  { store, clock }: Pick<StopBase, 'store' | 'clock'>,
  epoch: number,
  committedAtMs: number,
): Promise<Pick<Effect, 'gateways' | 'seenMs' | 'missing'>> {
  const until = clock.monotonicMs() + limits.stopSeenMs;
  for (;;) {
    const { seen } = await store.readIsolationState();
    const missing = seen.filter((gateway) => gateway.epoch < epoch).map(({ pid }) => pid);
    if (missing.length > 0 && clock.monotonicMs() < until) {
      await pause(LOOK_MS);
      continue;
    }
    const last = Math.max(committedAtMs, ...seen.map(({ atMs }) => atMs));
    const isSeen = seen.length > 0 && missing.length === 0;
    return { gateways: seen.length, missing, ...(isSeen ? { seenMs: last - committedAtMs } : {}) };
  }
}
