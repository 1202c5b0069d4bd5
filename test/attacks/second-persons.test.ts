import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileSwitch } from '../../src/adapters/switches/files/open-file-switch.ts';
import { resume as letBack } from '../../src/app/isolation/stop.ts';
import { throwSwitch } from '../../src/app/isolation/switch-files.ts';
import { systemClock } from '../../src/base/clock.ts';
import { CallRefused, type Chaperone, createChaperone, openMemoryStore } from '../../src/index.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import type { Person, Role } from '../../src/model/person.ts';
import type { Store } from '../../src/ports/store.ts';
import { resumeRun } from '../../src/runtime/pause-run.ts';
import { addPerson, changePerson, issueEnrolment, setPassword } from '../../src/runtime/people/accounts.ts';
import { issueKey } from '../../src/runtime/people/keys.ts';
import type { PeopleWorld, PersonCaller } from '../../src/runtime/people/people-world.ts';
import { issueToken } from '../../src/runtime/people/tokens.ts';

/** Attempts to be one's own second person, and to let back what nobody has looked at. */

const DAY_MS = 24 * 3_600_000;

let folder: string;
let data: string;
let store: Store;
let chaperone: Chaperone;
/** How long ago accounts are made. */
let agoMs: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  data = join(folder, 'data');
  store = openMemoryStore();
  agoMs = 0;
  chaperone = await createChaperone({
    folder,
    store,
    notify: () => undefined,
    environment: {},
    manifest: {
      version: 1,
      data,
      agents: { a: { tools: { 'app/pay': { approval: 'required' } } } },
      approvals: { persons: 2, people: { ana: { aliases: ['local:root', 'ana@company.com'] }, bo: {} } },
    },
  });
});
afterEach(async () => {
  await chaperone.close();
  await rm(folder, { recursive: true, force: true });
});

const stop = (person: string) => chaperone.stop({ agent: 'a' }, { person, reason: 'odd' });
const look = async () => (await chaperone.isolations())[0]?.seen ?? 'nothing';
const resume = async (person: string, seen?: string) =>
  chaperone.resume({ agent: 'a' }, { person, reason: 'looked', seen: seen ?? (await look()) });

describe('what somebody stopped', () => {
  it.each(['session', 'token'])('is not let back by whoever comes with a %s alone', async (presence) => {
    await stop('ana');
    const base = {
      store,
      clock: systemClock,
      data,
      stopSwitch: openFileSwitch(data),
      manifest: () => manifestSchema.parse({ version: 1 }),
    };
    const scope = { kind: 'agent', tenant: 'default', agent: 'a' } as const;
    const wish = { tenant: 'default', person: 'bo', reason: 'looked', seen: await look() };
    await expect(letBack(base, scope, { ...wish, presence })).rejects.toMatchObject({ code: 'E_RESUME_PRESENCE' });
    const asked = { tenant: 'default', runId: 'run_1', by: 'bo', presence };
    const catalog = () => ({ manifest: base.manifest() });
    await expect(resumeRun({ ...base, catalog }, asked)).rejects.toMatchObject({ code: 'E_RESUME_PRESENCE' });
    expect(await chaperone.isolations()).toHaveLength(1);
    await letBack(base, scope, { ...wish, presence: presence === 'token' ? 'passkey' : 'terminal' });
    expect(await chaperone.isolations()).toEqual([]);
  });
});

describe('what one person stopped', () => {
  const names = ['ana', 'local:root', 'ana@company.com'];

  it.each(names.flatMap((stops) => names.map((resumes) => [stops, resumes] as const)))(
    'as %s, nobody lets back as %s',
    async (stops, resumes) => {
      await stop(stops);
      await expect(resume(resumes)).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
      await resume('bo');
    },
  );

  it('nobody else is taken for', async () => {
    await stop('bo');
    await resume('local:root');
  });
});

describe('a stop that was added a moment before', () => {
  it.each([
    ['somebody else', 'cy'],
    ['the same person', 'ana'],
  ])('by %s, is not lifted by whoever has not seen it', async (_, adds) => {
    await stop('ana');
    const seen = await look();
    await stop(adds);
    for (const old of [seen, '0', '', 'all']) {
      await expect(resume('bo', old)).rejects.toMatchObject({ code: 'E_STOP_UNSEEN' });
    }
    expect(await chaperone.isolations()).toHaveLength(1);
    await resume('bo');
    expect(await chaperone.isolations()).toEqual([]);
  });

  it('between the look and the commit, is not lifted either', async () => {
    await stop('ana');
    const seen = await look();
    const both = await Promise.allSettled([resume('bo', seen), stop('cy')]);
    const isolations = await chaperone.isolations();
    // Either it was let back first, and stopped again then; or the resume was refused. Cy's stop holds in both.
    expect(isolations).toHaveLength(1);
    expect(isolations[0]?.by).toEqual(both[0].status === 'fulfilled' ? ['cy'] : ['ana', 'cy']);
  });

  it('by a file in the same name, stays, file and all', async () => {
    await stop('ana');
    const seen = await look();
    const file = throwSwitch(data, systemClock, {
      scope: 'agent:default/a',
      reason: 'worse than it looked',
      by: 'ana',
      incident: false,
    });
    await expect(resume('bo', seen)).rejects.toMatchObject({ code: 'E_STOP_UNSEEN' });
    const now = await look();
    expect(now).not.toBe(seen);
    await writeFile(file, JSON.stringify({ scope: 'agent:default/a', reason: 'it is much worse', by: 'ana' }));
    await expect(resume('bo', now), 'another text is another stop').rejects.toMatchObject({ code: 'E_STOP_UNSEEN' });
    await resume('bo');
    expect(await chaperone.isolations()).toEqual([]);
  });
});

describe('an account that an admin made', () => {
  const SIGNER = { sign: async () => 'code', verify: async () => ({}) };
  const world = (): PeopleWorld => ({
    store,
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() - agoMs },
    settings: () => ({
      sessionIdleMs: 1,
      sessionLifeMs: 1,
      freshMs: 1,
      settlingMs: DAY_MS,
      passwordCost: 2 ** 10,
      tokenRoles: [],
    }),
  });
  const by = (person: string): PersonCaller => ({
    tenant: 'default',
    person,
    roles: ['admin'],
    groups: [],
    presence: 'session',
  });
  const make = (id: string, maker: string, roles: readonly Role[] = ['operator', 'approver']): Promise<Person> =>
    addPerson(world(), by(maker), { id, roles });
  const settle = async (id: string, maker: string) => {
    agoMs = DAY_MS + 1;
    await make(id, maker);
    agoMs = 0;
  };

  it.each([
    ['ana', 'eve'],
    ['eve', 'ana'],
  ])('is the same person: what %s stops, %s does not let back', async (stops, resumes) => {
    await make('eve', 'ana');
    await stop(stops);
    await expect(resume(resumes)).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
    await resume('bo');
  });

  it('is the same person as one that it makes, and as another of the same maker', async () => {
    await make('eve', 'ana', ['admin']);
    await make('eve2', 'eve');
    await make('eve3', 'ana@company.com');
    await stop('ana');
    for (const other of ['eve', 'eve2', 'eve3'])
      await expect(resume(other), other).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
    await resume('bo');
    await stop('eve2');
    await expect(resume('eve3')).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
  });

  it.each([
    ['a code', (admin: string) => issueEnrolment(world(), SIGNER as never, by(admin), 'eve')],
    ['a password', (admin: string) => setPassword(world(), by(admin), 'eve', 'a horse on the stairs')],
    ['a user of the machine', (admin: string) => changePerson(world(), by(admin), 'eve', { localUser: 'eve' })],
    [
      'a key',
      (admin: string) =>
        issueKey(world(), by(admin), { person: 'eve', name: 'k', roles: ['operator'], lifeMs: 30 * DAY_MS }),
    ],
  ])('long ago, and gave %s just now, is the same person', async (_, give) => {
    await settle('eve', 'ana');
    await stop('ana');
    await resume('eve');
    await give('ana');
    await stop('ana');
    await expect(resume('eve')).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
    await resume('bo');
  });

  it('is the same person for as long as a key in its name is good', async () => {
    await settle('eve', 'ana');
    agoMs = 2 * DAY_MS;
    await issueKey(world(), by('ana'), { person: 'eve', name: 'k', roles: ['operator'], lifeMs: 30 * DAY_MS });
    agoMs = 0;
    await stop('ana');
    await expect(resume('eve')).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
  });

  it.each([
    ['with an account', true],
    ['without one', false],
  ])('%s is the same person for as long as a token in its name is good', async (_, hasAccount) => {
    if (hasAccount) await settle('eve', 'ana');
    const claims = { kind: 'person', sub: 'eve', tenant: 'default' } as const;
    const expiresAtMs = systemClock.nowMs() + 30 * DAY_MS;
    await issueToken({ ...world(), signer: SIGNER }, by('ana'), claims, 'door', expiresAtMs);
    await stop('ana');
    await expect(resume('eve')).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
    await resume('bo');
    await stop('eve');
    await expect(resume('local:root')).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
    await resume('bo');
    // One that has expired and was made long ago, or that is an agent’s, says nothing of who is who.
    agoMs = DAY_MS + 1;
    await issueToken({ ...world(), signer: SIGNER }, by('ana'), { ...claims, sub: 'cy' }, 'door', 1);
    agoMs = 0;
    await issueToken(
      { ...world(), signer: SIGNER },
      by('ana'),
      { ...claims, kind: 'agent', sub: 'dee' },
      'door',
      expiresAtMs,
    );
    for (const other of ['cy', 'dee']) {
      await stop('ana');
      await resume(other);
    }
    const issued = await store.readEvents({ tenant: 'default', kinds: ['token.issued'], limit: 10 });
    expect(issued.map(({ body }) => body)).toMatchObject([
      { kind: 'person', name: 'eve', by: 'ana', presence: 'session', expiresAtMs },
      { kind: 'person', name: 'cy', by: 'ana' },
      { kind: 'agent', name: 'dee', by: 'ana' },
    ]);
    expect(JSON.stringify(issued)).not.toContain('"code"');
  });

  it('is not somebody else a moment later by a token that was good for that moment', async () => {
    const claims = { kind: 'person', sub: 'eve', tenant: 'default' } as const;
    await stop('eve');
    await issueToken({ ...world(), signer: SIGNER }, by('ana'), claims, 'door', systemClock.nowMs());
    await expect(resume('ana')).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
    await resume('bo');
  });

  it('is nobody else by what it does to its own account, and does not get rid of its maker', async () => {
    await settle('eve', 'ana');
    await setPassword(world(), by('eve'), 'eve', 'a horse on the stairs');
    await stop('eve');
    await resume('ana');
    await make('mallory', 'ana');
    await setPassword(world(), by('mallory'), 'mallory', 'a horse on the stairs');
    await stop('ana');
    await expect(resume('mallory')).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
  });

  it('is neither the second of two who approve, nor an approver of what its maker asked for', async () => {
    await make('eve', 'ana');
    const ask = async (user: string) => {
      const run = await chaperone.startRun({ agent: 'a', user: { id: user } });
      const tools = await run.guard({
        pay: { description: 'pays', inputSchema: { type: 'object' }, execute: async () => 'paid' },
      });
      const asked = await tools.pay.execute().catch((error: unknown) => error);
      if (!(asked instanceof CallRefused) || asked.approvalId === undefined) throw asked;
      return asked.approvalId;
    };
    const approve = (id: string, person: string) =>
      chaperone.answerApproval(id, true, person, { presence: 'passkey', confirm: 'app/pay' });
    for (const [first, second] of [
      ['ana', 'eve'],
      ['eve', 'local:root'],
    ] as const) {
      const id = await ask('cy');
      expect(await approve(id, first)).toMatchObject({ state: 'pending' });
      await expect(approve(id, second)).rejects.toMatchObject({ code: 'E_APPROVAL_SAME_PERSON' });
      expect(await approve(id, 'bo')).toMatchObject({ state: 'approved' });
    }
    const both = await ask('dan');
    const answers = await Promise.allSettled([approve(both, 'ana'), approve(both, 'eve')]);
    expect(
      answers.filter(({ status }) => status === 'fulfilled'),
      'at once',
    ).toHaveLength(1);
    await expect(approve(await ask('ana'), 'eve')).rejects.toMatchObject({ code: 'E_APPROVAL_OWN' });
  });
});
