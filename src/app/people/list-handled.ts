import type { Manifest } from '../../model/manifest.ts';
import type { Store } from '../../ports/store.ts';
import { listPersonTokens } from '../../runtime/people/tokens.ts';

/** Somebody who has held what lets somebody in under a name, and counts as the same person where it takes two. */
export interface Handled {
  readonly name: string;
  readonly by: string;
  readonly untilMs: number;
  /** What it is: an account they made, reset or have a key of, or a signed token in that name. */
  readonly what: 'account' | 'token';
}

const SHOWN = 1_000;

/** Who counts as whom for now. Throws the store's `Fault`. */
export async function listHandled(
  record: Pick<Store, 'listPeople' | 'readEvents'>,
  { tenant, people }: Pick<Manifest, 'tenant' | 'people'>,
  nowMs: number,
): Promise<readonly Handled[]> {
  const handled: Handled[] = [];
  for (let after: string | undefined; ; ) {
    const page = await record.listPeople(tenant, SHOWN, after);
    for (const { id, handledBy = [] } of page)
      handled.push(...handledBy.map((handler) => ({ name: id, ...handler, what: 'account' as const })));
    after = page.at(-1)?.id;
    if (page.length < SHOWN) break;
  }
  const tokens = await listPersonTokens(record, tenant, nowMs, people.settling);
  handled.push(...tokens.map((token) => ({ ...token, what: 'token' as const })));
  return handled.filter(({ untilMs }) => nowMs < untilMs);
}

/** `bo by local:root until 2026-…: a token`. */
export function printHandled({ name, by, untilMs, what }: Handled): string {
  return `${name} by ${by} until ${new Date(untilMs).toISOString()}: ${what === 'token' ? 'a token' : 'the account'}`;
}
