import { newId, systemClock } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { TierReview } from '../model/duty.ts';
import type { GovernedTool } from '../model/tool.ts';
import { digestTiers, judgeReview, type ReviewDue } from '../runtime/approving/tier-review.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder, makeFolder } from './data-folder.ts';
import type { Notify } from './notice.ts';
import { openCatalog } from './open-catalog.ts';
import { openStore } from './open-store.ts';

/** The consequences of the tools as they are now, beside the last time somebody looked at them. */
export interface TierReviews extends AsyncDisposable {
  readonly tools: readonly GovernedTool[];
  readonly digest: Digest;
  readonly last: TierReview | undefined;
  readonly due: ReviewDue | undefined;
  /** Records that a person looked, if what they looked at still is so. Throws a `Fault` E_TOOL_DRIFTED. */
  accept(seen: string, by: string): Promise<void>;
}

export async function openTierReviews(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  notify: Notify,
): Promise<TierReviews> {
  const { manifest } = loaded;
  const { tenant } = manifest;
  const { catalog } = await openCatalog(loaded, environment, notify);
  const tools = [...catalog.tools.values()].map(({ governed }) => governed);
  const digest = digestTiers(manifest, tools);
  const data = dataFolder(loaded);
  await makeFolder(data);
  const store = await openStore(data, systemClock);
  const last = await store.readTierReview(tenant);
  return {
    tools,
    digest,
    last,
    due: judgeReview(manifest, last, digest, systemClock.nowMs()),
    async accept(seen, by) {
      if (seen !== digest)
        throw new Fault('E_TOOL_DRIFTED', 'the tools are not what was looked at; look again: `chaperone tools tiers`');
      const atMs = systemClock.nowMs();
      const result = await store.commit([
        { kind: 'tiers.review', review: { tenant, digest, by, atMs } },
        {
          kind: 'event.append',
          event: {
            id: newId(systemClock, 'evt'),
            kind: 'tiers.reviewed',
            tenant,
            atMs,
            body: { digest, by, tools: tools.length },
          },
        },
      ]);
      if (!result.ok) throw new Fault(result.code, result.message);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}
