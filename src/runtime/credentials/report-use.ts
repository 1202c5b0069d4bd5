import type { JsonObject } from '../../base/json.ts';
import type { CredentialConfig } from '../../model/credential.ts';
import type { EventKind, StoredEvent } from '../../model/event.ts';
import { compileGlobs } from '../../policy/arguments/match-glob.ts';

/** What was asked for and granted of a credential, and what it was used for. */
export interface CredentialUseReport {
  readonly name: string;
  readonly leases: number;
  /** How many were taken back, how many could not be and have not been since, and how many end by themselves. */
  readonly returned: number;
  readonly owed: number;
  readonly unreturnable: number;
  readonly requests: number;
  readonly refused: number;
  readonly lastUsedMs?: number;
  readonly asked: readonly string[];
  /** By the newest lease whose issuer said so. */
  readonly granted: readonly string[];
  /** Granted without having been asked for. */
  readonly more: readonly string[];
  /** Granted, named by `uses`, and needed by no request. */
  readonly unused: readonly string[];
  /** Granted, and `uses` does not say what takes it. */
  readonly untold: readonly string[];
}

/** The events that a report is made of. */
export const reportKinds: readonly EventKind[] = [
  'credential.leased',
  'credential.revoked',
  'credential.refused',
  'egress.passed',
];

type Config = Pick<CredentialConfig, 'scopes'> & Partial<Pick<CredentialConfig, 'uses'>>;

/** Adds events up, in any number of pages, oldest first. */
export class CredentialUses {
  readonly #found = new Map<string, Found>();

  add(events: readonly StoredEvent[]): void {
    for (const { kind, body, atMs } of events) {
      const { name, credentials } = body as { readonly name?: string; readonly credentials?: readonly string[] };
      if (kind === 'egress.passed') for (const one of credentials ?? []) this.#of(one).use(body as JsonObject, atMs);
      else if (name !== undefined) this.#of(name).note(kind, body as JsonObject);
    }
  }

  report(name: string, config: Config | undefined): CredentialUseReport {
    return this.#of(name).report(name, config ?? { scopes: [] });
  }

  #of(name: string): Found {
    const key = name.toLowerCase();
    const known = this.#found.get(key) ?? new Found();
    this.#found.set(key, known);
    return known;
  }
}

class Found {
  readonly #open = new Map<string, 'leased' | 'no'>();
  readonly #requests = new Set<string>();
  #granted: readonly string[] | undefined;
  #leases = 0;
  #returned = 0;
  #unreturnable = 0;
  #used = 0;
  #refused = 0;
  #lastUsedMs: number | undefined;

  use({ method = '', path = '' }: JsonObject, atMs: number): void {
    this.#used += 1;
    this.#lastUsedMs = atMs;
    this.#requests.add(`${String(method)} ${String(path)}`);
  }

  note(kind: EventKind, { lease = '', revoked = '', scopes }: JsonObject): void {
    const id = String(lease);
    if (kind === 'credential.refused') this.#refused += 1;
    else if (kind === 'credential.leased') {
      this.#leases += 1;
      this.#open.set(id, 'leased');
      if (Array.isArray(scopes)) this.#granted = scopes.map(String);
    } else {
      this.#open.delete(id);
      if (revoked === 'yes' || revoked === 'expired') this.#returned += 1;
      else if (revoked === 'none') this.#unreturnable += 1;
      else this.#open.set(id, 'no');
    }
  }

  report(name: string, { scopes: asked, uses = {} }: Config): CredentialUseReport {
    const granted = this.#granted ?? asked;
    const isUsed = (scope: string) => {
      const { permits } = compileGlobs(uses[scope] ?? []);
      return [...this.#requests].some((request) => permits(request));
    };
    const told = granted.filter((scope) => Object.hasOwn(uses, scope));
    return {
      name,
      leases: this.#leases,
      returned: this.#returned,
      owed: [...this.#open.values()].filter((state) => state === 'no').length,
      unreturnable: this.#unreturnable,
      requests: this.#used,
      refused: this.#refused,
      ...(this.#lastUsedMs === undefined ? {} : { lastUsedMs: this.#lastUsedMs }),
      asked,
      granted,
      more: granted.filter((scope) => !asked.includes(scope)),
      unused: told.filter((scope) => !isUsed(scope)),
      untold: granted.filter((scope) => !told.includes(scope)),
    };
  }
}
