import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { limits } from './limits.ts';

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/**
 * Posts a body and waits for the whole answer, of which only status and headers are kept. Redirects are not followed: what
 * was signed for one receiver is for no other. Rejects, without a cause that could quote the headers, when nobody answers.
 */
export async function postBody(
  url: URL,
  headers: OutgoingHttpHeaders,
  body: Buffer,
  signal: AbortSignal,
): Promise<PostAnswer> {
  const response = await send(url, headers, body, signal);
  await drain(response);
  return { status: response.statusCode ?? 0, headers: response.headers };
}

function send(url: URL, headers: OutgoingHttpHeaders, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, { method: 'POST', signal, headers: { ...headers, 'content-length': body.length } });
    request.once('response', resolve);
    request.on('error', () =>
      reject(new Error(signal.aborted ? 'it did not answer in time' : 'it could not be reached')),
    );
    request.end(body);
  });
}

function drain(response: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limits.sinkAnswerBytes) return;
      response.destroy();
      reject(new Error('its answer is over the size limit'));
    });
    response.once('end', () => resolve());
    response.once('error', () => reject(new Error('its answer broke off')));
    response.once('close', () => reject(new Error('its answer broke off')));
  });
}
