import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { openConfig, openRecord } from '../app/open-config.ts';
import { identifyLocal } from '../app/people/identify-local.ts';
import { openAccounts } from '../app/people/open-accounts.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { durationSchema } from '../model/duration.ts';
import { type Person, personIdSchema, type Role, roles, rolesSchema } from '../model/person.ts';
import { addPerson, changePerson, issueEnrolment, readAccount, setPassword } from '../runtime/people/accounts.ts';
import { issueKey, revokeKey } from '../runtime/people/keys.ts';
import type { PeopleDesk } from '../runtime/people/people-desk.ts';
import type { PersonCaller } from '../runtime/people/people-world.ts';
import { endSessions } from '../runtime/people/sessions.ts';
import type { CommandContext } from './command-context.ts';

const SHOWN = 1_000;

/** Makes an account, and prints the code with which its person signs in for the first time. */
export function add(
  context: CommandContext,
  name: string,
  options: { readonly role: readonly string[]; readonly localUser?: string },
): Promise<void> {
  return withAccounts(context, async (desk, by) => {
    if (!personIdSchema.safeParse(name).success || name.startsWith('oidc:'))
      throw new Fault('E_USAGE', 'a name has letters, digits, `.`, `_`, `@`, `+` and `-`');
    const { localUser } = options;
    const wanted = { id: name, roles: readRoles(options.role), ...(localUser === undefined ? {} : { localUser }) };
    const person = await addPerson(desk, by, wanted);
    await tellCode(context, desk, by, person);
  });
}

/** Changes what a person may do, and which user of this machine they are. */
export function role(
  context: CommandContext,
  name: string,
  given: readonly string[],
  options: { readonly localUser?: string },
): Promise<void> {
  return withAccounts(context, async (desk, by) => {
    const { localUser } = options;
    const to = { roles: readRoles(given), ...(localUser === undefined ? {} : { localUser }) };
    show(context, await changePerson(desk, by, name, to));
  });
}

export function disable(context: CommandContext, name: string, disabled: boolean): Promise<void> {
  return withAccounts(context, async (desk, by) => show(context, await changePerson(desk, by, name, { disabled })));
}

/** Sets a password, which is typed or comes in one line on stdin, never as an argument: others can read those. */
export function password(context: CommandContext, name: string): Promise<void> {
  return withAccounts(context, async (desk, by) => {
    show(context, await setPassword(desk, by, name, await readPassword(context)));
  });
}

/** Prints a new code to sign in with once. */
export function enrol(context: CommandContext, name: string): Promise<void> {
  return withAccounts(context, async (desk, by) => {
    await tellCode(context, desk, by, await readAccount(desk, by.tenant, name));
  });
}

export async function list(context: CommandContext): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecord(loaded);
  try {
    const people = await record.listPeople(loaded.manifest.tenant, SHOWN);
    context.terminal.data(people.map(toJson), people.map(toLine));
    if (people.length === 0) context.terminal.say('nobody has an account: chaperone people add <name> --role admin');
  } finally {
    await record.close();
  }
}

export async function sessions(context: CommandContext, name: string): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecord(loaded);
  try {
    const { tenant } = loaded.manifest;
    await readAccount({ store: record }, tenant, name);
    const found = await record.listSessions(tenant, name, SHOWN);
    context.terminal.data(
      found.map(({ hash: _, ...session }) => ({ ...session })),
      found.map(({ id, method, usedAtMs }) => `${id}  ${method}  used ${new Date(usedAtMs).toISOString()}`),
    );
    if (found.length === 0) context.terminal.say(`${name} is signed in nowhere`);
  } finally {
    await record.close();
  }
}

export async function keys(context: CommandContext): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecord(loaded);
  try {
    const found = await record.listKeys(loaded.manifest.tenant, SHOWN);
    context.terminal.data(
      found.map(({ hash: _, ...key }) => ({ ...key, roles: [...key.roles] })),
      found.map(({ id, prefix, person, name, expiresAtMs, revokedAtMs }) =>
        [
          id,
          `${prefix}…`,
          person,
          name,
          revokedAtMs === undefined ? `until ${new Date(expiresAtMs).toISOString()}` : 'revoked',
        ].join('  '),
      ),
    );
  } finally {
    await record.close();
  }
}

/** Issues a key for programs of a person. It is shown once. */
export function key(
  context: CommandContext,
  person: string,
  options: { readonly name: string; readonly role: readonly string[]; readonly life: string },
): Promise<void> {
  return withAccounts(context, async (desk, by) => {
    const life = durationSchema.safeParse(options.life);
    if (!life.success) throw new Fault('E_USAGE', `--life expects ${life.error.issues[0]?.message ?? 'a duration'}`);
    const wanted = { person, name: options.name, roles: readRoles(options.role), lifeMs: life.data };
    const { key: issued, secret } = await issueKey(desk, by, wanted);
    context.terminal.data({ id: issued.id, secret, expiresAtMs: issued.expiresAtMs }, [secret]);
    context.terminal.say(`${issued.id}; it is not shown again`);
  });
}

/** Ends a person's sessions, or revokes one key. */
export function revoke(context: CommandContext, what: string): Promise<void> {
  return withAccounts(context, async (desk, by) => {
    if (what.startsWith('key_')) await revokeKey(desk, by, what);
    else await endSessions(desk, by, { person: what });
    context.terminal.data({ revoked: what }, [`${what} is worth nothing any more`]);
  });
}

async function withAccounts(
  context: CommandContext,
  act: (desk: PeopleDesk, by: PersonCaller) => Promise<void>,
): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  await using desk = await openAccounts(loaded);
  await act(desk, await identifyLocal(loaded, context.terminal.interactive));
}

async function tellCode(context: CommandContext, desk: PeopleDesk, by: PersonCaller, person: Person): Promise<void> {
  const code = await issueEnrolment(desk, desk.signer, by, person.id);
  context.terminal.data({ ...toJson(person), code }, [toLine(person), code]);
  context.terminal.say(`with this code they sign in once, within ${limits.enrolmentMs / 60_000} minutes`);
}

function show({ terminal }: CommandContext, person: Person): void {
  terminal.data(toJson(person), [toLine(person)]);
}

function readRoles(given: readonly string[]): readonly Role[] {
  const parsed = rolesSchema.safeParse(given);
  if (!parsed.success) throw new Fault('E_USAGE', `roles are ${roles.join(', ')}`);
  return parsed.data;
}

function toJson({ password: secret, passkeys, groups, roles: own, handledBy = [], ...person }: Person): JsonObject {
  const { tenant, id, disabled, localUser, createdAtMs } = person;
  return {
    tenant,
    name: id,
    roles: [...own],
    groups: [...groups],
    disabled,
    ...(localUser === undefined ? {} : { localUser }),
    hasPassword: secret !== undefined,
    passkeys: passkeys.length,
    handledBy: handledBy.map((handler) => ({ ...handler })),
    createdAtMs,
  };
}

function toLine({ id, roles: own, disabled, localUser, password: secret, passkeys, handledBy = [] }: Person): string {
  const nowMs = systemClock.nowMs();
  const holders = handledBy.filter(({ untilMs }) => nowMs < untilMs);
  const ways = [
    ...(secret === undefined ? [] : ['password']),
    ...(passkeys.length === 0 ? [] : [`${passkeys.length} passkeys`]),
  ];
  return [
    id,
    own.join(',') || 'no role',
    ways.join(', ') || 'no way to sign in yet',
    ...(localUser === undefined ? [] : [`local user ${localUser}`]),
    ...(disabled ? ['disabled'] : []),
    ...holders.map(({ by, untilMs }) => `counts as ${by} until ${new Date(untilMs).toISOString()}`),
  ].join('  ');
}

/** From the terminal, without showing it; from a program, one line of stdin. */
async function readPassword({ terminal }: CommandContext): Promise<string> {
  if (!terminal.interactive) return readLine();
  terminal.say('password:');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await new Promise((resolve) => prompt.question('', resolve));
  } finally {
    prompt.close();
  }
}

async function readLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  throw new Fault('E_USAGE', 'the password comes in one line on stdin');
}
