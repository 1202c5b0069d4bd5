import { openFileSwitch } from '../adapters/switches/files/open-file-switch.ts';
import { dataFolder } from '../app/data-folder.ts';
import { withMarks } from '../app/isolation/stop-mark.ts';
import { printLedgerState, readLedgerState } from '../app/ledger/read-ledger-state.ts';
import { listWeakenings } from '../app/list-weakenings.ts';
import { openConfig, openRecord } from '../app/open-config.ts';
import { listHandled, printHandled } from '../app/people/list-handled.ts';
import { judgeCanary, readCanary } from '../app/read-canary.ts';
import { describeOther, readGateways } from '../app/read-gateways.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { TierReview } from '../model/duty.ts';
import type { Manifest } from '../model/manifest.ts';
import type { CommandContext } from './command-context.ts';

const SHOWN = 1_000;

/** What is configured, which bundle is active, what waits for a person, and what is isolated. */
export async function status(context: CommandContext): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const { manifest } = loaded;
  const record = await openRecord(loaded).catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'E_STORE_NONE') return undefined;
    throw error;
  });
  if (record === undefined) {
    terminal.data({ mode: manifest.mode, started: false }, [`mode ${manifest.mode}; not started yet: chaperone up`]);
    return;
  }
  try {
    const { pids, active } = await readGateways(loaded, record);
    const pending = await record.listApprovals(manifest.tenant, 'pending', SHOWN);
    const breakers = (await record.readBreakers(SHOWN)).filter(({ state }) => state !== 'closed');
    const review = await record.readTierReview(manifest.tenant);
    const canary = await readCanary(record, manifest.tenant);
    const judged = judgeCanary(manifest, canary, pids.length > 0, systemClock.nowMs());
    const stopped = await record.listIsolations();
    const thrown = openFileSwitch(dataFolder(loaded)).list();
    const isolations = withMarks(stopped, stopped, thrown);
    const switches = withMarks(thrown, stopped, thrown);
    const weakenings = listWeakenings(manifest);
    const handled = await listHandled(record, manifest, systemClock.nowMs());
    const ledger = await readLedgerState(loaded);
    const [last] = await record.readEvents({ tenant: manifest.tenant, newestFirst: true, limit: 1 });
    terminal.data(
      {
        mode: manifest.mode,
        started: true,
        data: dataFolder(loaded),
        servers: Object.keys(manifest.servers),
        agents: Object.keys(manifest.agents),
        bundle: active?.bundle ?? null,
        bundleOfThisConfiguration: active?.isThis ?? null,
        processes: pids,
        pendingApprovals: pending.map((approval) => approval.id),
        review: review === undefined ? null : { by: review.by, at: timeOf(review.atMs) },
        reviewDue: isReviewDue(manifest, review),
        isolations: isolations.map(({ by, scope, reason, incident, seen }) => ({
          scope,
          reason,
          by: [...by],
          incident,
          seen,
        })),
        switches: switches.map(({ scope, place, seen }) => ({ scope, file: place, seen })),
        weakenings: weakenings.map((each) => ({ ...each })),
        handled: handled.map(({ name, by, untilMs, what }) => ({ name, by, until: timeOf(untilMs), what })),
        breakers: breakers.map(({ scope, state, failures, atMs }) => ({ scope, state, failures, since: timeOf(atMs) })),
        canary: { answer: canary?.answer ?? null, state: judged.state, detail: judged.detail },
        events: last?.seq ?? 0,
        ledger: { ...ledger },
      },
      [
        `mode        ${manifest.mode}`,
        `servers     ${Object.keys(manifest.servers).join(', ') || 'none'}`,
        `agents      ${Object.keys(manifest.agents).join(', ') || 'none named'}`,
        `data        ${dataFolder(loaded)}`,
        `processes   ${pids.join(', ') || 'none has the store open'}`,
        `bundle      ${active === undefined ? 'none' : `${active.bundle} since ${timeOf(active.atMs)}${active.pid === undefined ? '' : ` by process ${active.pid}`}`}`,
        ...(active === undefined || active.isThis ? [] : [`            ${describeOther(active)}`]),
        `approvals   ${pending.length} pending${pending.length === 0 ? '' : ': chaperone approvals list'}`,
        `reviewed    ${review === undefined ? 'never' : `by ${review.by} at ${timeOf(review.atMs)}`}${isReviewDue(manifest, review) ? '; a review is due: chaperone tools tiers' : ''}`,
        `canary      ${judged.detail}`,
        `isolated    ${isolations.map(({ scope, reason, by, seen }) => `${scope} (${by.join(', ')}: ${reason}; --seen ${seen})`).join(', ') || 'nothing'}`,
        ...switches.map(({ scope, place, seen }) => `            ${scope} by ${place}; --seen ${seen}`),
        ...breakers.map(
          ({ scope, failures, atMs }) => `left alone  ${scope}: ${failures} failures in a row, since ${timeOf(atMs)}`,
        ),
        ...weakenings.map(({ place, says }) => `weakened    ${place}: ${says}`),
        ...handled.map((each) => `handled     ${printHandled(each)}`),
        ...printLedgerState(ledger).map((line, i) => `${(i === 0 ? 'ledger' : '').padEnd(12)}${line}`),
        `record      ${last === undefined ? 'empty' : `${last.seq} events, the last at ${timeOf(last.atMs)}`}`,
      ],
    );
  } finally {
    await record.close();
  }
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

/** By its age alone: whether the tools changed since shows where they are listed, `chaperone doctor`. */
function isReviewDue(manifest: Manifest, review: TierReview | undefined): boolean {
  const { reviews } = manifest.approvals;
  return reviews !== undefined && (review === undefined || systemClock.nowMs() - review.atMs >= reviews.every);
}
