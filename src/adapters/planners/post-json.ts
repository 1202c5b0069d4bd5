import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';

/**
 * Posts JSON and reads the body of the answer: status 200, JSON, at most `limits.plannerAnswerBytes`. Redirects are not
 * followed, for the key must not travel on. Rejects with a `Fault` E_PLANNER that says no more than what was wrong.
 */
export async function postJson(
  url: URL,
  headers: OutgoingHttpHeaders,
  body: JsonObject,
  signal: AbortSignal,
): Promise<string> {
  const response = await send(url, headers, Buffer.from(JSON.stringify(body)), signal);
  const status = response.statusCode ?? 0;
  const type = response.headers['content-type'] ?? '';
  if (status !== 200 || !/^application\/json\b/i.test(type)) {
    response.destroy();
    if (status >= 300 && status < 400) throw failed(`it answered with a redirect (${status}), which is not followed`);
    throw failed(status === 200 ? 'it did not answer with JSON' : `it answered with HTTP status ${status}`);
  }
  return readBody(response);
}

function send(url: URL, headers: OutgoingHttpHeaders, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, {
      method: 'POST',
      signal,
      headers: {
        ...headers,
        accept: 'application/json',
        'content-type': 'application/json',
        'content-length': body.length,
      },
    });
    request.once('response', resolve);
    // No cause: what a library says of a request it could not send may quote the headers.
    request.on('error', () => reject(failed(signal.aborted ? 'it did not answer in time' : 'it could not be reached')));
    request.end(body);
  });
}

function readBody(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limits.plannerAnswerBytes) return void chunks.push(chunk);
      response.destroy();
      reject(failed('its answer is over the size limit'));
    });
    response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.once('error', () => reject(failed('its answer broke off')));
    response.once('close', () => reject(failed('its answer broke off')));
  });
}

function failed(what: string): Fault {
  return new Fault('E_PLANNER', `the planner failed: ${what}`);
}
