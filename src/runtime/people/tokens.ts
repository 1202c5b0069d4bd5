import type { NewTokenClaims } from '../../contract/tokens.ts';
import type { Store } from '../../ports/store.ts';
import type { PeopleDesk } from './people-desk.ts';
import { commitPeople, type PersonCaller, recordAct } from './people-world.ts';
import { digestToken } from './secret-token.ts';

/** A signed token in the name of a person, and who issued it: until when they count as that person. */
export interface PersonToken {
  readonly name: string;
  readonly by: string;
  readonly untilMs: number;
}

const PAGE = 1_000;

/**
 * Issues a token with the gateway's own key. It is handed out only once the record has it: its digest, for whom, until when,
 * and by whom. Throws a `Fault`: E_STORE, or the signer's.
 */
export async function issueToken(
  desk: Pick<PeopleDesk, 'store' | 'clock' | 'signer'>,
  by: PersonCaller,
  claims: NewTokenClaims,
  audience: string,
  expiresAtMs: number,
): Promise<string> {
  const token = await desk.signer.sign({ ...claims }, audience, expiresAtMs);
  const { kind, sub } = claims;
  await commitPeople(desk, [
    recordAct(desk, 'token.issued', claims.tenant, {
      token: digestToken(token),
      kind,
      ...(sub === undefined ? {} : { name: sub }),
      expiresAtMs,
      by: by.person,
      presence: by.presence,
    }),
  ]);
  return token;
}

/**
 * The tokens of people that are good now or were issued less than `settlingMs` ago, in the order in which they were issued:
 * whoever makes one that is good for a second is not somebody else in the next. Throws the store's `Fault`.
 */
export async function listPersonTokens(
  store: Pick<Store, 'readEvents'>,
  tenant: string,
  nowMs: number,
  settlingMs: number,
): Promise<readonly PersonToken[]> {
  const tokens: PersonToken[] = [];
  for (let afterSeq = 0; ; ) {
    const page = await store.readEvents({ tenant, kinds: ['token.issued'], afterSeq, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) return tokens;
    afterSeq = last.seq;
    for (const { body, atMs } of page) {
      const untilMs = Math.max(Number(body['expiresAtMs']), atMs + settlingMs);
      if (body['kind'] !== 'person' || nowMs >= untilMs) continue;
      tokens.push({ name: String(body['name']), by: String(body['by']), untilMs });
    }
  }
}
