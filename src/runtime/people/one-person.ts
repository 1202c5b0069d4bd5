import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { Person } from '../../model/person.ts';
import type { Store } from '../../ports/store.ts';
import { namesOf } from '../approving/duty.ts';
import { listPersonTokens } from './tokens.ts';

/** What tells who may be whom. */
export interface WhoIsWho {
  readonly store: Pick<Store, 'readPerson' | 'readEvents'>;
  readonly clock: { nowMs(): number };
  readonly manifest: Pick<Manifest, 'approvals' | 'tenant'> & { readonly people: Pick<Manifest['people'], 'settling'> };
}

/**
 * Every name that may be the same human as this one, itself included: its aliases, the user of the machine that it is, and
 * whoever has held what lets somebody in under it, for a time, and as long as a key or a signed token is good. Two names whose sets
 * meet do not count as two persons. Throws a `Fault`: the store's; E_LIMIT where nobody could tell any more.
 */
export async function namesOfOnePerson({ store, clock, manifest }: WhoIsWho, name: string): Promise<readonly string[]> {
  const nowMs = clock.nowMs();
  const found = new Set([name]);
  // With no time to settle, whoever makes an account is taken for two; whoever makes a token is then as well.
  const { settling } = manifest.people;
  const tokens = settling === 0 ? [] : await listPersonTokens(store, manifest.tenant, nowMs, settling);
  for (const each of found) {
    if (found.size > limits.namesOfOnePerson) throw new Fault('E_LIMIT', `too many names may be those of \`${name}\``);
    const account = await store.readPerson(manifest.tenant, each);
    const makers = tokens.filter((token) => token.name === each).map(({ by }) => by);
    const more = [...namesOf(manifest, each), ...makers, ...(account === undefined ? [] : heldBy(account, nowMs))];
    for (const one of more) found.add(one);
  }
  return [...found];
}

function heldBy({ localUser, handledBy = [] }: Person, nowMs: number): readonly string[] {
  const holders = handledBy.filter(({ untilMs }) => nowMs < untilMs).map(({ by }) => by);
  return localUser === undefined ? holders : [`local:${localUser}`, ...holders];
}

/** The account, with one more who has held what lets somebody in under it. Whoever does that for themselves is nobody else. */
export function addHandler(person: Person, by: string, nowMs: number, untilMs: number): Pick<Person, 'handledBy'> {
  const { handledBy = [] } = person;
  if (by === person.id) return handledBy.length === 0 ? {} : { handledBy };
  const known = handledBy.find((handler) => handler.by === by);
  const others = handledBy.filter((handler) => handler.by !== by && nowMs < handler.untilMs);
  return { handledBy: [...others, { by, untilMs: Math.max(untilMs, known?.untilMs ?? 0) }] };
}
