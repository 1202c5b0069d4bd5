import { openOidc } from '../../adapters/organisations/oidc/open-oidc.ts';
import { createWebauthn } from '../../adapters/passkeys/webauthn/create-webauthn.ts';
import type { Clock } from '../../base/clock.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { Organisation } from '../../ports/organisation.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Store } from '../../ports/store.ts';
import { PASSWORD_COST } from '../../runtime/people/password.ts';
import type { PeopleDesk } from '../../runtime/people/people-desk.ts';
import type { PeopleSettings } from '../../runtime/people/people-world.ts';

export interface PeopleDeskOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly signer: Signer;
  /** The one in force. */
  readonly manifest: () => Manifest;
  /** The secret that the organisation gave this gateway, where the manifest names one. */
  readonly clientSecret?: string;
}

/** The accounts of a configuration’s tenant, under whatever of it is in force. */
export function openPeopleDesk(options: PeopleDeskOptions): PeopleDesk {
  const { store, clock, signer, manifest, clientSecret } = options;
  const { tenant } = manifest();
  let opened: { readonly rules: object; readonly organisation: Organisation } | undefined;
  return {
    store,
    clock,
    tenant,
    signer,
    passkeys: createWebauthn(),
    settings: () => settingsOf(manifest()),
    organisation() {
      const rules = manifest().people.oidc;
      if (rules === undefined) return undefined;
      if (opened?.rules !== rules) opened = { rules, organisation: openOidc(rules, clientSecret) };
      return opened.organisation;
    },
    rolesOfGroups: () => manifest().people.oidc?.roles ?? {},
  };
}

export function settingsOf({ people }: Manifest): PeopleSettings {
  return {
    sessionIdleMs: people.sessions.idle,
    sessionLifeMs: people.sessions.lifetime,
    freshMs: people.sessions.fresh,
    settlingMs: people.settling,
    passwordCost: PASSWORD_COST,
    tokenRoles: people.tokens,
  };
}
