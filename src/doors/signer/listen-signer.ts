import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type SignerState, signEvidenceSchema, signerPaths, signRequestSchema } from '../../contract/signer.ts';
import { fromBase64, toBase64 } from '../../ledger/text-bytes.ts';
import type { CheckpointSigner } from '../../ports/ledger.ts';

/** The owner and the group: the gateway runs as another user of that group. */
const SOCKET_MODE = 0o660;
/** What may be told of a failure; anything else is `E_LEDGER`. */
const TOLD: ReadonlySet<string> = new Set(['E_LEDGER_FORK', 'E_LEDGER', 'E_CONFIG', 'E_REQUEST_INVALID']);

/**
 * Serves a signer on a socket of this machine. Whoever reaches the socket can have trees signed that continue the last one,
 * and archives of evidence, and learns no private key. What is signed is judged by the signer, one request after the other.
 *
 * @throws Fault E_LISTEN.
 */
export async function listenSigner(signer: CheckpointSigner, socket: string): Promise<AsyncDisposable> {
  let queue: Promise<unknown> = Promise.resolve();
  const server = createServer(
    { headersTimeout: limits.headersTimeoutMs, requestTimeout: limits.requestTimeoutMs },
    (request, response) => {
      const answered = queue.then(() => answer(signer, request));
      queue = answered.catch(() => {});
      answered
        .then((body) => ({ status: 200, body }))
        .catch((error: unknown) => {
          const { code, message } = toFault(error, 'E_LEDGER', 'it cannot sign now');
          return { status: 409, body: { code: TOLD.has(code) ? code : 'E_LEDGER', message } };
        })
        .then(({ status, body }) => {
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        });
    },
  );
  // Whoever has the folder of the keys has this name: what is left there is from a process that died.
  await rm(socket, { force: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => reject(new Fault('E_LISTEN', `cannot listen on ${socket}`, { cause: error })));
  server.listen(socket, resolve);
  await promise;
  await chmod(socket, SOCKET_MODE);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(signer: CheckpointSigner, request: IncomingMessage): Promise<object> {
  if (request.method === 'GET' && request.url === signerPaths.state) return readState(signer);
  if (request.method === 'POST' && request.url === signerPaths.checkpoint) {
    const { head, proof } = await read(request, signRequestSchema);
    return { text: await signer.sign({ size: head.size, root: toHash(head.root) }, proof.map(toHash)) };
  }
  if (request.method === 'POST' && request.url === signerPaths.evidence) {
    const { contents } = await read(request, signEvidenceSchema);
    return { text: await signer.signEvidence(contents) };
  }
  throw new Fault('E_REQUEST_INVALID', 'there is nothing of that name');
}

async function readState(signer: CheckpointSigner): Promise<SignerState> {
  const signed = await signer.lastSigned();
  return {
    origin: signer.origin,
    ...(signed === undefined ? {} : { signed: { size: signed.size, root: toBase64(signed.root) } }),
    history: [...(await signer.history())],
    keys: (await signer.keys()).map(({ text }) => text),
  };
}

async function read<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > limits.witnessBytes) throw new Fault('E_REQUEST_INVALID', 'the request is too long');
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Fault('E_REQUEST_INVALID', 'the request is not understood');
  }
}

function toHash(text: string): Uint8Array {
  const hash = fromBase64(text);
  if (hash === undefined) throw new Fault('E_REQUEST_INVALID', 'the request is not understood');
  return hash;
}
