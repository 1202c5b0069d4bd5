import { request } from 'undici';
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { type BucketKey, signBucketRequest } from './sign-bucket-request.ts';

export interface BucketOptions {
  /** The address of the service, without the bucket. */
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  /** Ends with `/`, or is empty. */
  readonly prefix: string;
  /** Asked before every request: a key that is lent, or lies in a file, is another one by and by. */
  readonly readKey: () => Promise<BucketKey>;
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
  const { endpoint, bucket, region, readKey, clock } = options;
  const derived = new Map<string, ArrayBuffer>();

  return async (asked: BucketRequest, signal?: AbortSignal): Promise<BucketAnswer> => {
    const { method, key, query = {}, headers = {}, body = new Uint8Array() } = asked;
    const signed = await signBucketRequest(
      await readKey(),
      { method, base: endpoint, path: `${bucket}/${key}`, query, headers, body, region, atMs: clock.nowMs() },
      derived,
    );
    const timeout = AbortSignal.timeout(limits.copyTimeoutMs);
    try {
      const answer = await request(signed.url, {
        method,
        headers: signed.headers,
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
