import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createAwsRoleSource, createAwsSecretSource } from '../../adapters/credentials/aws/create-aws-source.ts';
import { createDopplerSource } from '../../adapters/credentials/doppler/create-doppler-source.ts';
import { createEnvironmentSource } from '../../adapters/credentials/environment/create-environment-source.ts';
import {
  createKeptSecretSource,
  createServiceAccountSource,
} from '../../adapters/credentials/kubernetes/create-kubernetes-source.ts';
import { type AccountOptions, createAccountSource } from '../../adapters/credentials/oauth/account.ts';
import {
  createClientCredentialsSource,
  createTokenExchangeSource,
} from '../../adapters/credentials/oauth/create-oauth-source.ts';
import type { OAuthClient } from '../../adapters/credentials/oauth/token-endpoint.ts';
import { createSealedSource } from '../../adapters/credentials/sealed-file/create-sealed-source.ts';
import { SealedStore } from '../../adapters/credentials/sealed-file/sealed-store.ts';
import { createVaultSource } from '../../adapters/credentials/vault/create-vault-source.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { Secret } from '../../base/secret.ts';
import type { CredentialConfig } from '../../model/credential.ts';
import type { EgressSubject } from '../../model/egress.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { CredentialSource } from '../../ports/credentials.ts';
import type { Signer } from '../../ports/signer.ts';

export interface CredentialOptions {
  /** The data folder. */
  readonly data: string;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Signs who acts, where a token is exchanged. */
  readonly openSigner: () => Promise<Signer>;
}

const ACTOR_LIFE_MS = 300_000;

/** The sealed values of an installation: files and their key in two folders, so that one alone is worth nothing. */
export function openSealedStore(data: string, clock: Clock): SealedStore {
  return new SealedStore(join(data, 'credentials'), credentialKeyFolder(data), clock);
}

export function credentialKeyFolder(data: string): string {
  return join(data, 'credential-keys');
}

/** What makes a source of every credential that a manifest names. Nothing is read before somebody asks. */
export class CredentialSources {
  readonly store: SealedStore;
  readonly #options: CredentialOptions;

  constructor(options: CredentialOptions) {
    this.#options = options;
    this.store = openSealedStore(options.data, options.clock);
  }

  /** The sources of a manifest, by name in lower case. `folder` is what paths in it are relative to. */
  open({ credentials }: Manifest, folder: string): ReadonlyMap<string, CredentialSource> {
    return new Map(
      Object.entries(credentials).map(([name, config]) => [
        name.toLowerCase(),
        this.#open(name, config, credentials, folder),
      ]),
    );
  }

  #open(name: string, config: CredentialConfig, all: Manifest['credentials'], folder: string): CredentialSource {
    const { environment, clock } = this.#options;
    const { url, path = '', parameters, roleId, namespace, fields, secret, role, policy, externalId } = config;
    const { serviceAccount, audience, lifetime: lifetimeMs, region = '' } = config;
    const base = { ...this.#asking(name, config, all, folder), clock };
    const at = url === undefined ? {} : { url };
    switch (config.kind) {
      case 'sealed':
        return createSealedSource(this.store);
      case 'environment':
        return createEnvironmentSource(config.variable ?? '', environment);
      case 'client-credentials':
        return createClientCredentialsSource(this.#oauth(name, config, all, folder));
      case 'token-exchange': {
        const { subjectToken = '' } = config;
        return createTokenExchangeSource({
          ...this.#oauth(name, config, all, folder),
          readSubject: () => this.#read(subjectToken, all),
          signActor: (subject) => this.#signActor(subject, config.tokenUrl ?? ''),
        });
      }
      case 'account':
        return createAccountSource(this.account(name, config, all, folder));
      case 'vault':
        return createVaultSource({
          ...base,
          url: url ?? '',
          path,
          fields: fields.length === 0 ? ['value'] : fields,
          ...(parameters === undefined ? {} : { parameters }),
          ...(roleId === undefined ? {} : { roleId }),
          ...(namespace === undefined ? {} : { namespace }),
        });
      case 'aws-role':
        return createAwsRoleSource({
          ...base,
          ...at,
          region,
          role: role ?? '',
          lifetimeMs,
          ...(policy === undefined ? {} : { policy }),
          ...(externalId === undefined ? {} : { externalId }),
        });
      case 'aws-secret':
        return createAwsSecretSource({ ...base, ...at, region, secret: secret ?? '', fields });
      case 'doppler': {
        const { project = '', config: part = '' } = config;
        return createDopplerSource({ ...base, ...at, project, config: part, secret: secret ?? '' });
      }
      case 'kubernetes': {
        const cluster = { ...base, url: url ?? '', namespace: namespace ?? '' };
        if (serviceAccount === undefined)
          return createKeptSecretSource({
            ...cluster,
            secret: secret ?? '',
            fields: fields.length === 0 ? ['value'] : fields,
          });
        return createServiceAccountSource({
          ...cluster,
          serviceAccount,
          lifetimeMs,
          ...(audience === undefined ? {} : { audience }),
        });
      }
    }
  }

  /** Whom an issuer is told that asks, and whom it is believed to be. */
  #asking(name: string, { login = '', trust }: CredentialConfig, all: Manifest['credentials'], folder: string) {
    return {
      name,
      readLogin: () => this.#read(login, all),
      ...(trust === undefined ? {} : { readTrust: () => readTrust(name, resolve(folder, trust)) }),
    };
  }

  /** What it takes to connect an account, and to use it. */
  account(name: string, config: CredentialConfig, all: Manifest['credentials'], folder: string): AccountOptions {
    return {
      ...this.#oauth(name, config, all, folder),
      authorizeUrl: config.authorizeUrl ?? '',
      tokens: { read: () => this.store.read(name), write: (value) => this.store.write(name, value) },
    };
  }

  #oauth(name: string, config: CredentialConfig, all: Manifest['credentials'], folder: string) {
    const { tokenUrl = '', clientId = '', clientSecret, revokeUrl, scopes, audience } = config;
    const { readTrust } = this.#asking(name, config, all, folder);
    const client: OAuthClient = {
      name,
      ...(readTrust === undefined ? {} : { readTrust }),
      tokenUrl,
      clientId,
      ...(revokeUrl === undefined ? {} : { revokeUrl }),
      ...(clientSecret === undefined ? {} : { readSecret: () => this.#read(clientSecret, all) }),
    };
    return { client, clock: this.#options.clock, scopes, ...(audience === undefined ? {} : { audience }) };
  }

  /** A credential that another one needs: one that is kept, not one that is asked for in turn. */
  async #read(name: string, all: Manifest['credentials']): Promise<Secret> {
    const config = all[name];
    const value =
      config?.kind === 'environment'
        ? this.#options.environment[config.variable ?? '']
        : (await this.store.read(name))?.reveal();
    if (value === undefined || value === '') throw new Fault('E_CREDENTIAL', `\`${name}\` has no value`);
    return new Secret(`cred:${name}`, value);
  }

  /** Who acts, for the `act` of what is issued: the agent, and the run and call it acts in. */
  async #signActor({ tenant, agent, runId, callId }: EgressSubject, audience: string): Promise<Secret> {
    const signer = await this.#options.openSigner();
    const claims = {
      sub: agent ?? 'gateway',
      tenant,
      ...(runId === undefined ? {} : { run: runId }),
      ...(callId === undefined ? {} : { call: callId }),
    };
    const expiresAtMs = this.#options.clock.nowMs() + ACTOR_LIFE_MS;
    return new Secret('own:actor', await signer.sign(claims, audience, expiresAtMs));
  }
}

async function readTrust(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new Fault('E_CREDENTIAL', `\`${name}\`: its \`trust\`, ${path}, cannot be read`);
  }
}
