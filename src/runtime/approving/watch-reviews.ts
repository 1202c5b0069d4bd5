import { newId } from '../../base/clock.ts';
import { tellPeople } from '../tell-people.ts';
import type { World } from '../world.ts';
import { digestTiers, judgeReview } from './tier-review.ts';

const DAY_MS = 86_400_000;

/** Says that a review is due: in the record and to people, once a day for as long as it is. */
export class ReviewWatch {
  readonly #world: Pick<World, 'store' | 'clock' | 'catalog' | 'guards' | 'noticed'>;
  #told: { readonly about: string; readonly atMs: number } | undefined;

  constructor(world: Pick<World, 'store' | 'clock' | 'catalog' | 'guards' | 'noticed'>) {
    this.#world = world;
  }

  /** Looks once. Returns what an operator should be told, if anything. */
  async look(): Promise<string | undefined> {
    const { store, clock, catalog } = this.#world;
    const { manifest, tools } = catalog();
    const { tenant, approvals } = manifest;
    if (approvals.reviews === undefined) return undefined;
    const nowMs = clock.nowMs();
    const digest = digestTiers(
      manifest,
      [...tools.values()].map(({ governed }) => governed),
    );
    const due = judgeReview(manifest, await store.readTierReview(tenant), digest, nowMs);
    if (due === undefined) {
      this.#told = undefined;
      return undefined;
    }
    const about = `${due} ${digest}`;
    if (this.#told?.about === about && nowMs - this.#told.atMs < DAY_MS) return undefined;
    const facts = { why: due, tools: tools.size, digest };
    const notices = tellPeople(this.#world, tenant, 'review.overdue', facts);
    const event = {
      id: newId(clock, 'evt'),
      kind: 'review.overdue' as const,
      tenant,
      atMs: nowMs,
      body: { alert: 'review.overdue', ...facts },
    };
    const result = await store.commit([...notices, { kind: 'event.append', event }]);
    if (!result.ok) return undefined; // it is looked at again
    this.#told = { about, atMs: nowMs };
    this.#world.noticed?.();
    return `a review of the tools’ consequences is due (${due}): chaperone tools tiers`;
  }
}
