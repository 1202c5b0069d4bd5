import type { Approval } from '../../model/approval.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { Store } from '../../ports/store.ts';
import { type ApprovalCard, makeCard } from './approval-card.ts';

/** The card of an approval, beside what was approved of the same kind before. Throws a `Fault` where the store cannot. */
export async function readCard(
  store: Pick<Store, 'readApproval' | 'readLastSpent'>,
  manifest: Manifest,
  approval: Approval,
): Promise<ApprovalCard> {
  const { tenant, agent, tool, askedAtMs, plan } = approval;
  const last = await store.readLastSpent(tenant, agent, tool, askedAtMs);
  const members: Approval[] = [];
  for (const id of plan?.members ?? []) {
    const member = id === approval.id ? approval : await store.readApproval(tenant, id);
    if (member !== undefined) members.push(member);
  }
  return makeCard(manifest, approval, last, members);
}
