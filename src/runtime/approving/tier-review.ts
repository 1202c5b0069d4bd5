import { type Digest, digestJson } from '../../base/digest.ts';
import type { TierReview } from '../../model/duty.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { GovernedTool } from '../../model/tool.ts';

/** Why somebody has to look at the consequences of the tools again. */
export type ReviewDue = 'never reviewed' | 'the tools changed' | 'too long ago';

/** Of what a review of consequences is about: the tools of configured servers, their pins, effects and consequences. */
export function digestTiers(manifest: Manifest, tools: Iterable<GovernedTool>): Digest {
  const rows = [...tools]
    .filter(({ tool }) => Object.hasOwn(manifest.servers, tool.server))
    .map(({ name, pin, effect, consequence, declared }) => ({ name, pin, effect, consequence, declared }));
  return digestJson(rows.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

/** Whether a review is due, and why. Undefined where none is, or where the manifest asks for none. */
export function judgeReview(
  manifest: Manifest,
  review: TierReview | undefined,
  digest: Digest,
  nowMs: number,
): ReviewDue | undefined {
  const { reviews } = manifest.approvals;
  if (reviews === undefined) return undefined;
  if (review === undefined) return 'never reviewed';
  if (review.digest !== digest) return 'the tools changed';
  return nowMs - review.atMs >= reviews.every ? 'too long ago' : undefined;
}
