import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { revealText, type Secret } from '../../../base/secret.ts';

/** What requests to a bucket are signed with. */
export interface BucketKey {
  readonly accessKeyId: string | Secret;
  readonly secretAccessKey: string | Secret;
  readonly sessionToken?: string | Secret;
}

export interface SignableBucketRequest {
  readonly method: 'GET' | 'PUT';
  /** The address of the service, and of the bucket where that is part of it. */
  readonly base: URL;
  /** Below it, not encoded: bucket and key. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly region: string;
  readonly atMs: number;
}

/**
 * The address and headers of a request with a signature (AWS Signature Version 4), body included. The address is written as the
 * signature takes it, to the letter: services that take what arrives for what was signed, without reading and writing it again,
 * then come to the same signature.
 *
 * @param derived keys of signing that were made before, remembered from one request to the next
 */
export async function signBucketRequest(
  key: BucketKey,
  { method, base, path, query, headers, body, region, atMs }: SignableBucketRequest,
  derived: Map<string, ArrayBuffer> = new Map(),
): Promise<{ readonly url: string; readonly headers: Record<string, string> }> {
  const url = new URL(`${base.pathname.replace(/\/$/, '')}/${encodePath(path)}`, base);
  url.search = encodeQuery(query);
  const signed = await new AwsV4Signer({
    method,
    url: url.href,
    headers: { ...headers, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
    accessKeyId: revealText(key.accessKeyId),
    secretAccessKey: revealText(key.secretAccessKey),
    ...(key.sessionToken === undefined ? {} : { sessionToken: revealText(key.sessionToken) }),
    service: 's3',
    region,
    cache: derived,
    allHeaders: true,
    datetime: new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  }).sign();
  // What `sign` answers with is `Headers`.
  return { url: url.href, headers: Object.fromEntries(signed.headers as Iterable<[string, string]>) };
}

/** Everything but letters, digits and `-._~` as bytes, slashes included; of one key after the other, in their order. */
function encodeQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function encodePath(path: string): string {
  return path.split('/').map(encode).join('/');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
