import { Fault } from '../../base/fault.ts';
import { postBody } from '../../base/post-body.ts';

/**
 * Posts JSON and takes any 2xx for an answer. Rejects with a `Fault` E_NOTIFY that says no more than what was wrong: the
 * address may be a secret.
 */
export async function postNotice(url: URL, headers: object, body: string, signal: AbortSignal): Promise<void> {
  let status: number;
  try {
    const answer = await postBody(url, { ...headers, 'content-type': 'application/json' }, Buffer.from(body), signal);
    status = answer.status;
  } catch (error) {
    throw failed(error instanceof Error ? error.message : 'it could not be reached');
  }
  if (status < 200 || status > 299) throw failed(`it answered with HTTP status ${status}`);
}

function failed(what: string): Fault {
  return new Fault('E_NOTIFY', `the channel failed: ${what}`);
}
