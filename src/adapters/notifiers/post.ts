import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Fault } from '../../base/fault.ts';

/**
 * Posts a body and takes any 2xx for an answer. Redirects are not followed, and what the other side says is not read.
 * Rejects with a `Fault` E_NOTIFY that says no more than what was wrong: the address may be a secret.
 */
export function post(url: URL, headers: OutgoingHttpHeaders, body: string, signal: AbortSignal): Promise<void> {
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, {
      method: 'POST',
      signal,
      agent: false,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': bytes.length },
    });
    request.once('response', (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      if (status >= 200 && status < 300) resolve();
      else reject(failed(`it answered with HTTP status ${status}`));
    });
    request.once('error', () =>
      reject(failed(signal.aborted ? 'it did not answer in time' : 'it could not be reached')),
    );
    request.end(bytes);
  });
}

function failed(what: string): Fault {
  return new Fault('E_NOTIFY', `the channel failed: ${what}`);
}
