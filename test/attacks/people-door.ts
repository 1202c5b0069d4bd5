import { createWebauthn } from '../../src/adapters/passkeys/webauthn/create-webauthn.ts';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import {
  AUDIENCE,
  createMemoryRuntime,
  createMemorySigner,
  type MemoryRuntime,
} from '../../src/doors/http/door.fixture.ts';
import { createHttpDoor } from '../../src/doors/http/door.ts';
import type { Role } from '../../src/model/person.ts';
import type { Organisation } from '../../src/ports/organisation.ts';
import type { Store } from '../../src/ports/store.ts';
import { addPerson, setPassword } from '../../src/runtime/people/accounts.ts';
import type { PeopleDesk } from '../../src/runtime/people/people-desk.ts';

/** A door with accounts behind it, a clock that can be moved, and a store in memory: everything else is what is shipped. */
export interface PeopleDoor {
  readonly desk: PeopleDesk;
  readonly store: Store;
  readonly runtime: MemoryRuntime;
  advance(ms: number): void;
  /** An account with a password. */
  add(id: string, roles: readonly Role[]): Promise<void>;
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** The token of a new session. */
  signIn(id: string): Promise<string>;
}

export interface AskOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** The code of an error. */
  readonly code: unknown;
  readonly headers: Headers;
}

export const PASSWORD = 'a horse on the stairs';
export const SETTLING_MS = 24 * 3_600_000;
export const ORIGIN = 'http://localhost';
/** How anybody at the terminal acts. */
export const terminal = (tenant = 'acme') =>
  ({ tenant, person: 'local:root', roles: ['admin'], groups: [], presence: 'terminal' }) as const;

export function openPeopleDoor(
  options: {
    readonly store?: Store;
    readonly tenant?: string;
    readonly organisation?: Organisation;
    readonly rolesOfGroups?: Readonly<Record<string, readonly Role[]>>;
  } = {},
): PeopleDoor {
  const store = options.store ?? openMemoryStore();
  const tenant = options.tenant ?? 'acme';
  let now = Date.UTC(2026, 0, 1);
  const clock: Clock = {
    nowMs: () => now,
    monotonicMs: () => now,
    randomBytes: (count) => systemClock.randomBytes(count),
  };
  const signer = createMemorySigner();
  const runtime = createMemoryRuntime();
  const desk: PeopleDesk = {
    store,
    clock,
    tenant,
    signer,
    passkeys: createWebauthn(),
    settings: () => ({
      sessionIdleMs: 30 * 60_000,
      sessionLifeMs: 12 * 3_600_000,
      freshMs: 10 * 60_000,
      settlingMs: SETTLING_MS,
      passwordCost: 2 ** 10,
      tokenRoles: ['approver'],
    }),
    organisation: () => options.organisation,
    rolesOfGroups: () => options.rolesOfGroups ?? {},
  };
  const door = createHttpDoor({ runtime, signer, clock, audience: AUDIENCE, people: desk });
  const door_ = {
    desk,
    store,
    runtime,
    advance: (ms: number) => {
      now += ms;
    },
    async add(id: string, roles: readonly Role[]) {
      await addPerson(desk, terminal(tenant), { id, roles });
      await setPassword(desk, terminal(tenant), id, PASSWORD);
    },
    async ask(method: string, path: string, { token, body, headers }: AskOptions = {}): Promise<Answer> {
      const response = await door.fetch(
        new Request(`${ORIGIN}${path}`, {
          method,
          redirect: 'manual',
          headers: {
            host: 'localhost',
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      );
      const text = await response.text();
      const parsed = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>;
      const error = parsed['error'] as Record<string, unknown> | undefined;
      return { status: response.status, body: parsed, code: error?.['code'], headers: response.headers };
    },
    async signIn(id: string): Promise<string> {
      now += 60_000; // an address may not try as often as a test does
      const { body, code } = await door_.ask('POST', '/v1/sign-in', { body: { name: id, password: PASSWORD } });
      if (typeof body['token'] !== 'string') throw new Error(`not signed in: ${String(code)}`);
      return body['token'];
    },
  };
  return door_;
}
