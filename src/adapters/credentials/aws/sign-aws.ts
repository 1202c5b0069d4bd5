import { AwsV4Signer } from 'aws4fetch';
import type { Secret } from '../../../base/secret.ts';
import type { SignableRequest } from '../../../ports/credentials.ts';

/** What signs requests to AWS. */
export interface AwsKey {
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/** Headers that say who signed, and what it was; they are made anew. */
const OF_SIGNATURE = new Set(['authorization', 'x-amz-date', 'x-amz-security-token', 'date']);
/** What is signed besides the host and everything of AWS's own; the rest may be changed on the way. */
const SIGNED = new Set(['content-type', 'content-md5']);

/** The headers of a request with a signature of its own (AWS Signature Version 4). The old one's are not among them. */
export async function signAws(key: AwsKey, request: SignableRequest, nowMs: number): Promise<Record<string, string>> {
  const { method, url, headers, body, region, service } = request;
  const kept = Object.entries(headers).filter(([name]) => !OF_SIGNATURE.has(name.toLowerCase()));
  const signed = kept.filter(([name]) => SIGNED.has(name.toLowerCase()) || /^x-amz-/i.test(name));
  const signer = new AwsV4Signer({
    method,
    url,
    headers: signed,
    accessKeyId: key.accessKeyId.reveal(),
    secretAccessKey: key.secretAccessKey.reveal(),
    ...(key.sessionToken === undefined ? {} : { sessionToken: key.sessionToken.reveal() }),
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    region,
    service,
    datetime: new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    allHeaders: true,
  });
  const { headers: made } = await signer.sign();
  const result = Object.fromEntries(kept.filter((one) => !signed.includes(one)));
  for (const [name, value] of made) result[name] = value;
  return result;
}
