import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { WitnessDoor, WitnessResponse } from './create-witness.ts';

export interface WitnessListener {
  /** `http://127.0.0.1:7071` */
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Serves a witness over HTTP. There is nobody to authenticate: what counts is the log's signature. TLS, where it is
 * wanted, ends in front of it.
 *
 * @throws Fault E_LISTEN.
 */
export async function listenWitness(
  door: WitnessDoor,
  address: { readonly host: string; readonly port: number },
  onProblem: (fault: Fault) => void,
): Promise<WitnessListener> {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
    },
    (request, response) => {
      answer(door, request)
        .catch((error: unknown): WitnessResponse => {
          onProblem(toFault(error, 'E_INTERNAL', 'the witness failed'));
          return { status: 500, type: 'text/plain; charset=utf-8', body: 'the witness cannot sign now\n' };
        })
        .then((ready) => send(response, ready));
    },
  );
  server.maxConnections = limits.connections;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) =>
    reject(new Fault('E_LISTEN', `cannot listen on ${address.host}:${address.port}`, { cause: error })),
  );
  server.listen(address.port, address.host, resolve);
  await promise;
  const { port, address: host, family } = server.address() as AddressInfo; // it listens on a port, not a pipe
  return {
    origin: `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections(); // a log that is cut off asks again
      }),
  };
}

const refuse = (status: number, body: string): WitnessResponse => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${body}\n`,
});

async function answer(door: WitnessDoor, request: IncomingMessage): Promise<WitnessResponse> {
  const [pathname = ''] = (request.url ?? '').split('?');
  const originHash = /^\/([0-9a-f]{64})\/checkpoint$/.exec(pathname)?.[1];
  if (pathname === '/add-checkpoint') {
    if (request.method !== 'POST') return refuse(405, 'use POST');
    const body = await readBody(request);
    return body === undefined ? refuse(413, 'the request is too large') : door.addCheckpoint(body);
  }
  if (originHash !== undefined)
    return request.method === 'GET' ? door.readCheckpoint(originHash) : refuse(405, 'use GET');
  return refuse(404, 'there is `/add-checkpoint` and `/<origin hash>/checkpoint`');
}

/** Undefined where it is larger than a request may be. What is not UTF-8 comes out as no checkpoint. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.witnessBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, { status, type, body }: WitnessResponse): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
