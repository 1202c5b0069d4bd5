import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { request } from 'undici';
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { revealText, type Secret } from '../../../base/secret.ts';

export interface BucketOptions {
  /** The address of the service, without the bucket. */
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  /** Ends with `/`, or is empty. */
  readonly prefix: string;
  readonly accessKeyId: string | Secret;
  readonly secretAccessKey: string | Secret;
  readonly sessionToken?: string | Secret;
  readonly clock: Clock;
}

export interface BucketRequest {
  readonly method: 'GET' | 'PUT';
  /** Of the object; empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface BucketAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/**
 * Asks a bucket, signed with AWS Signature Version 4, body included. The bucket is in the path, which every service of
 * that protocol understands. Rejects with a `Fault` E_COPY that quotes nothing of headers and body.
 */
export function openBucketClient(options: BucketOptions) {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey, sessionToken, clock } = options;
  const keys = new Map<string, ArrayBuffer>();

  return async (asked: BucketRequest, signal?: AbortSignal): Promise<BucketAnswer> => {
    const { method, key, query = {}, headers = {}, body = new Uint8Array() } = asked;
    const url = new URL(`${endpoint.pathname.replace(/\/$/, '')}/${bucket}/${encodeKey(key)}`, endpoint);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
      accessKeyId: revealText(accessKeyId),
      secretAccessKey: revealText(secretAccessKey),
      ...(sessionToken === undefined ? {} : { sessionToken: revealText(sessionToken) }),
      service: 's3',
      region,
      cache: keys,
      datetime: new Date(clock.nowMs()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    }).sign();
    const timeout = AbortSignal.timeout(limits.copyTimeoutMs);
    try {
      const answer = await request(signed.url.href, {
        method,
        headers: Object.fromEntries(signed.headers as Iterable<[string, string]>), // what `sign` answers with is `Headers`
        body: method === 'PUT' ? body : null,
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      return { status: answer.statusCode, body: await readBounded(answer.body) };
    } catch (error) {
      if (error instanceof Fault) throw error;
      const why = timeout.aborted ? 'did not answer in time' : 'could not be reached';
      throw new Fault('E_COPY', `the bucket \`${bucket}\` at ${endpoint.host} ${why}`);
    }
  };
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limits.copyAnswerBytes) throw new Fault('E_COPY', 'the bucket’s answer is over the size limit');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}
