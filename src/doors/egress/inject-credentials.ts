import { Fault } from '../../base/fault.ts';
import type { Secret } from '../../base/secret.ts';
import { type EgressUrl, printAuthority } from '../../policy/egress/read-target.ts';
import type { LeasedCredential } from '../../ports/credentials.ts';
import type { EgressSession } from '../../runtime/egress/egress-session.ts';
import type { CheckedRequest } from './check-request.ts';
import type { EgressRuntime } from './runtime.ts';

const PLACEHOLDER = /\{\{cred:([a-z][a-z0-9_-]{0,62})\}\}/gi;
const MOST = 4;
/** What would have an answer come in parts or packed, so that a secret in it could not be seen. */
const ANSWER_IN_PARTS = new Set(['range', 'if-range', 'accept-encoding', 'te']);

/** Headers with credentials in them. */
export interface Injected {
  readonly headers: string[];
  readonly names: readonly string[];
  /** Characters of the longest of them. */
  readonly longest: number;
  /** Where the request is signed, which takes its body: what the headers are with that. Undefined for a body that is not whole. */
  readonly sign: ((body: Buffer | undefined) => Promise<string[]>) | undefined;
}

/** Headers that ask for an answer which can be looked at: all of it, and not packed. */
export function askWhole(headers: readonly string[]): string[] {
  const whole: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (!ANSWER_IN_PARTS.has(name.toLowerCase())) whole.push(name, value);
  }
  return [...whole, 'Accept-Encoding', 'identity'];
}

/** Headers with credentials in them, or undefined where none is asked for. */
export async function injectCredentials(
  { headers, url, method }: Pick<CheckedRequest, 'headers' | 'url' | 'method'>,
  session: EgressSession,
  runtime: EgressRuntime,
): Promise<Injected | undefined> {
  const asked = findPlaceholders(headers);
  if (asked.size === 0) return undefined;
  const whole = askWhole(headers);
  const places = [...asked.values()].flat().length;
  if (places > MOST) throw new Fault('E_CREDENTIAL_DENIED', `one request takes credentials in ${MOST} places at most`);
  const leased = new Map<string, Usable>();
  for (const [name, into] of asked)
    leased.set(name, await runtime.leaseCredential(session, name, { ...url, headers: into }));
  const signer = findSigner(headers, leased);
  for (const [name, { sign }] of leased) {
    if (sign !== undefined && name !== signer?.name)
      throw new Fault('E_CREDENTIAL_DENIED', `\`${name}\` signs requests, and is not sent with one`);
  }
  const fill = (text: string) =>
    text.replace(PLACEHOLDER, (_whole, name: string) => leased.get(name.toLowerCase())?.secret.reveal() ?? '');
  const filled: string[] = [];
  for (let i = 0; i < whole.length; i += 2) {
    const [name = '', value = ''] = [whole[i], whole[i + 1]];
    if (signer !== undefined && name.toLowerCase() === 'authorization') continue;
    // Only where it can be meant: never in the host, and never in what is not a header's value.
    filled.push(name, i === 0 ? value : fillValue(value, fill));
  }
  const secrets: readonly Secret[] = [...leased.values()].flatMap(({ secret, parts }) => [
    secret,
    ...Object.values(parts ?? {}),
  ]);
  const longest = Math.max(...secrets.map((secret) => secret.reveal().length));
  const sign = signer && ((body: Buffer | undefined) => signRequest(signer, method, url, filled, body));
  return { headers: filled, names: [...asked.keys()], longest, sign };
}

type Usable = Pick<LeasedCredential, 'secret' | 'parts' | 'sign'>;

interface FoundSigner {
  readonly name: string;
  readonly region: string;
  readonly service: string;
  readonly sign: NonNullable<LeasedCredential['sign']>;
}

/** What an SDK of AWS writes that was given a placeholder as the id of its key. Its own signature is good for nothing. */
const SIGNED_BY_CLIENT =
  /^AWS4-HMAC-SHA256 +Credential=\{\{cred:([a-z][a-z0-9_-]{0,62})\}\}\/\d{8}\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request,/i;

function findSigner(headers: readonly string[], leased: ReadonlyMap<string, Usable>): FoundSigner | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== 'authorization') continue;
    const [, written = '', region = '', service = ''] = SIGNED_BY_CLIENT.exec(headers[i + 1] ?? '') ?? [];
    const name = written.toLowerCase();
    const sign = leased.get(name)?.sign;
    if (sign !== undefined) return { name, region, service, sign };
  }
  return undefined;
}

async function signRequest(
  { name, region, service, sign }: FoundSigner,
  method: string,
  url: EgressUrl,
  headers: readonly string[],
  body: Buffer | undefined,
): Promise<string[]> {
  const own: Record<string, string> = {};
  for (let i = 2; i < headers.length; i += 2) own[(headers[i] ?? '').toLowerCase()] = headers[i + 1] ?? '';
  const digest = own['x-amz-content-sha256'];
  if (digest?.startsWith('STREAMING-AWS4') === true)
    throw new Fault(
      'E_CREDENTIAL_DENIED',
      `\`${name}\` cannot sign a body piece by piece; have the client send it unsigned`,
    );
  if (digest === undefined && body === undefined)
    throw new Fault(
      'E_CREDENTIAL_DENIED',
      `\`${name}\` cannot sign a body of this size; have the client name its digest`,
    );
  const address = `${url.tls ? 'https' : 'http'}://${printAuthority(url, url.tls)}${url.path}${url.query}`;
  const signed = await sign({
    method,
    url: address,
    headers: own,
    region,
    service,
    ...(digest !== undefined || body === undefined || body.length === 0 ? {} : { body }),
  });
  return [...headers.slice(0, 2), ...Object.entries(signed).flat()];
}

/** `Basic` hides a placeholder behind its encoding: clients write it as a password. */
function fillValue(value: string, fill: (text: string) => string): string {
  const basic = decodeBasic(value);
  if (basic !== undefined && PLACEHOLDER.test(basic)) {
    PLACEHOLDER.lastIndex = 0;
    return `Basic ${Buffer.from(fill(basic)).toString('base64')}`;
  }
  PLACEHOLDER.lastIndex = 0;
  return fill(value);
}

/** Whether a request asks for a credential. */
export function hasPlaceholder(headers: readonly string[]): boolean {
  return findPlaceholders(headers).size > 0;
}

/** The credentials that are asked for, and the header of each place where they are. */
function findPlaceholders(headers: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (let i = 3; i < headers.length; i += 2) {
    const value = headers[i] ?? '';
    if (value.length < MIN_CHARS) continue;
    for (const text of [value, decodeBasic(value) ?? ''])
      if (text.includes('{{'))
        for (const [, written = ''] of text.matchAll(PLACEHOLDER)) {
          const name = written.toLowerCase();
          found.set(name, [...(found.get(name) ?? []), headers[i - 1] ?? '']);
        }
  }
  return found;
}

const MIN_CHARS = 10;

function decodeBasic(value: string): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(value)?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}
