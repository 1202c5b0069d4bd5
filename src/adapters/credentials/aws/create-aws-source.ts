import { z } from 'zod';
import type { Clock } from '../../../base/clock.ts';
import { Secret } from '../../../base/secret.ts';
import type { EgressSubject } from '../../../model/egress.ts';
import type { CredentialSource } from '../../../ports/credentials.ts';
import { askIssuer, askIssuerForJson, failed } from '../ask-issuer.ts';
import { joinText } from '../join-fields.ts';
import { type AwsKey, signAws } from './sign-aws.ts';

interface AwsOptions {
  readonly name: string;
  readonly region: string;
  /** Where it answers, where that is not the region's own address. */
  readonly url?: string;
  /** Gives a long-lived key, as `id:secret`. */
  readonly readLogin: () => Promise<Secret>;
  readonly readTrust?: () => Promise<string | undefined>;
  readonly clock: Clock;
}

export interface AwsRoleOptions extends AwsOptions {
  /** The role's ARN. */
  readonly role: string;
  readonly lifetimeMs: number;
  /** A policy, JSON, that narrows what the role may do, for this session. */
  readonly policy?: string;
  readonly externalId?: string;
}

export interface AwsSecretOptions extends AwsOptions {
  /** The secret's name or ARN. */
  readonly secret: string;
  readonly fields: readonly string[];
}

/** What is kept there may be replaced by anybody: after so long it is read again. */
const FRESH_MS = 300_000;

/**
 * A role that is assumed for each lease (AssumeRole of AWS STS), under a session name that says which agent and which call it is.
 * AWS does not take a session back: it ends by itself.
 */
export function createAwsRoleSource(options: AwsRoleOptions): CredentialSource {
  const { name, region, role, lifetimeMs, policy, externalId, clock } = options;
  return {
    async lease({ subject, signal }) {
      const form = new URLSearchParams({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: role,
        RoleSessionName: nameSession(subject),
        DurationSeconds: String(Math.floor(lifetimeMs / 1_000)),
        ...(policy === undefined ? {} : { Policy: policy }),
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      });
      const url = options.url ?? `https://sts.${region}.amazonaws.com/`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
      const text = await askIssuer(await signed(options, 'sts', url, headers, form.toString(), signal));
      const answer = readCredentials(text);
      const key = readKey(name, answer);
      const expiresAtMs = Date.parse(readElement(answer, 'Expiration') ?? '');
      if (key === undefined || Number.isNaN(expiresAtMs))
        throw failed(options, 'AWS answered with something else than a session');
      return {
        secret: key.secretAccessKey,
        parts: { ...key },
        expiresAtMs,
        sign: (request) => signAws(key, request, clock.nowMs()),
      };
    },
  };
}

/** What AWS Secrets Manager keeps. It is the same for all, so nothing takes it back. */
export function createAwsSecretSource(options: AwsSecretOptions): CredentialSource {
  const { name, region, secret, fields, clock } = options;
  return {
    async lease({ signal }) {
      const url = options.url ?? `https://secretsmanager.${region}.amazonaws.com/`;
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'secretsmanager.GetSecretValue',
      };
      const body = JSON.stringify({ SecretId: secret });
      const asked = await signed(options, 'secretsmanager', url, headers, body, signal);
      const parsed = secretSchema.safeParse(await askIssuerForJson(asked));
      const value = parsed.success ? joinText(fields, parsed.data.SecretString) : undefined;
      if (value === undefined) throw failed(options, 'AWS answered with something else than that secret');
      return { secret: new Secret(`cred:${name}`, value), freshUntilMs: clock.nowMs() + FRESH_MS };
    },
  };
}

const secretSchema = z.object({ SecretString: z.string().min(1) });

async function signed(
  options: AwsOptions,
  service: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) {
  const { name, region, clock, readLogin, readTrust } = options;
  const [accessKeyId = '', ...secret] = (await readLogin()).reveal().split(':');
  if (accessKeyId === '' || secret.length === 0) throw failed(options, 'its `login` is no key as `id:secret`');
  const reference = `cred:${name}`;
  const key: AwsKey = {
    accessKeyId: new Secret(reference, accessKeyId),
    secretAccessKey: new Secret(reference, secret.join(':')),
  };
  const request = { method: 'POST', url, headers, body: Buffer.from(body), region, service } as const;
  return {
    name,
    who: 'AWS',
    method: 'POST',
    url,
    headers: await signAws(key, request, clock.nowMs()),
    body,
    trust: await readTrust?.(),
    signal,
  } as const;
}

function readKey(name: string, text: string): Required<AwsKey> | undefined {
  const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map((part) =>
    readElement(text, part),
  );
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined) return undefined;
  const wrap = (value: string) => new Secret(`cred:${name}`, value);
  return {
    accessKeyId: wrap(accessKeyId),
    secretAccessKey: wrap(secretAccessKey),
    sessionToken: wrap(sessionToken),
  };
}

/** What stands between `Credentials` in an answer that is one; otherwise nothing. */
function readCredentials(text: string): string {
  const parts = /^\s*(?:<\?xml[^>]{0,100}\?>\s*)?<AssumeRoleResponse[\s>].*<\/AssumeRoleResponse>\s*$/s.test(text)
    ? text.split(/<\/?Credentials>/)
    : [];
  return parts.length === 3 ? (parts[1] ?? '') : '';
}

/** The text of an element of STS's XML. What it holds here is written without any character that XML would escape. */
function readElement(text: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([\\w+/=:.-]{1,4096})\\s*</${name}>`).exec(text)?.[1];
}

/** 2 to 64 characters of few kinds: what a trail of AWS shows of who acted. */
function nameSession({ agent, callId, runId }: EgressSubject): string {
  const id = callId ?? runId ?? 'gateway';
  return `${(agent ?? 'gateway').replace(/[^\w+=,.@-]/g, '-').slice(0, 63 - id.length)}-${id}`.slice(0, 64);
}
