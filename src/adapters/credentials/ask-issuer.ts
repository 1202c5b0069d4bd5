import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';

/** One question to whoever issues credentials. */
export interface IssuerRequest {
  /** The credential that it is about, for what a fault says. */
  readonly name: string;
  /** Who is asked, in words: `the authorization server`. */
  readonly who: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Certificates that it may have besides those of known authorities, PEM. */
  readonly trust?: string | undefined;
  /** What is made there is to be taken back even when nobody waits for it any more: without one it is seen through. */
  readonly signal?: AbortSignal;
}

/**
 * Asks, and gives the text of an answer with 2xx. Redirects are not followed, for what is sent must not travel on.
 * Rejects with a `Fault` E_CREDENTIAL that says which status it was, and nothing of what was sent or answered.
 */
export async function askIssuer(request: IssuerRequest): Promise<string> {
  const response = await send(request);
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    response.destroy();
    throw failed(request, `${request.who} answered with HTTP status ${status}`);
  }
  return readBody(request, response);
}

/** The same for an answer in JSON; undefined where it is none. */
export async function askIssuerForJson(request: IssuerRequest): Promise<unknown> {
  const text = await askIssuer({ ...request, headers: { accept: 'application/json', ...request.headers } });
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function failed({ name }: Pick<IssuerRequest, 'name'>, what: string): Fault {
  return new Fault('E_CREDENTIAL', `\`${name}\`: ${what}`);
}

async function send(request: IssuerRequest): Promise<IncomingMessage> {
  const { method = 'GET', url, headers = {}, body, trust, who } = request;
  const signal = request.signal ?? AbortSignal.timeout(limits.credentialLateMs);
  const isSafe = url.startsWith('https:');
  const ca = trust === undefined || !isSafe ? undefined : await trustedWith(trust);
  return new Promise((resolve, reject) => {
    // No cause: what a library says of a request that it could not send may quote the headers.
    const fail = () => reject(failed(request, `${who} could not be reached in time`));
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    try {
      const start = isSafe ? httpsRequest : httpRequest;
      const sent = start(url, {
        method,
        signal,
        headers: { ...headers, ...length },
        ...(ca === undefined ? {} : { ca: [...ca] }),
      });
      sent.once('response', resolve);
      sent.on('error', fail);
      sent.end(body);
    } catch {
      fail(); // a value that no header may hold
    }
  });
}

async function trustedWith(trust: string): Promise<readonly string[]> {
  const { getCACertificates } = await import('node:tls');
  return [...getCACertificates('default'), trust];
}

function readBody(request: IssuerRequest, response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const broken = () => reject(failed(request, `the answer of ${request.who} broke off, or was too long`));
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limits.secretBytes) return void chunks.push(chunk);
      broken();
      response.destroy();
    });
    response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.once('error', broken);
    response.once('close', broken);
  });
}
