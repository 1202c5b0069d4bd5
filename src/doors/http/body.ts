import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { findJsonProblem, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { RequestHead } from './head.ts';
import { RequestRefused } from './refuse.ts';

/** Where the bytes of a body come from. */
export type BodySource = IncomingMessage | ReadableStream<Uint8Array> | null;

/** Bytes of request bodies held at this moment, all connections together. */
export interface BodyBudget {
  held: number;
}

/** The body ran out before it was complete: the client is gone, and nobody will read an answer. */
const brokenOff = () => new RequestRefused('E_REQUEST_INVALID', { detail: 'the body broke off' });
const tooLarge = () =>
  // What is still being sent will not be read: the connection cannot carry another request.
  new RequestRefused('E_LIMIT', {
    detail: `a body has at most ${limits.requestBytes} bytes`,
    headers: { connection: 'close' },
  });
const overloaded = () => new RequestRefused('E_BUSY', { headers: { connection: 'close', 'retry-after': '1' } });

/** The JSON body of a request: `readBytes`, then `parseJson`. */
export async function readJsonBody(head: RequestHead, source: BodySource, budget: BodyBudget): Promise<JsonValue> {
  return parseJson(await readBytes(head, source, budget));
}

/**
 * The bytes of a body that says it is JSON. Type and announced size are refused before a byte is read, the real size
 * while reading. Throws `RequestRefused`.
 */
export async function readBytes(head: RequestHead, source: BodySource, budget: BodyBudget): Promise<Buffer> {
  requireJsonType(head);
  const announced = Number(head.header('content-length') ?? 0);
  if (announced > limits.requestBytes) throw tooLarge();
  if (source === null) return Buffer.alloc(0);
  const account = openAccount(budget);
  try {
    const chunks = 'rawHeaders' in source ? await collect(source, account) : await collectWeb(source, account);
    const [first] = chunks;
    return chunks.length === 1 && first
      ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
      : Buffer.concat(chunks);
  } finally {
    account.close();
  }
}

function requireJsonType(head: RequestHead): void {
  const type = head.header('content-type');
  if (type === undefined || !/^application\/json *(; *charset="?utf-?8"? *)?$/i.test(type))
    throw new RequestRefused('E_MEDIA_TYPE');
  const encoding = head.header('content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new RequestRefused('E_MEDIA_TYPE');
}

/** The JSON in these bytes, no deeper than we accept. Throws `RequestRefused`. */
export function parseJson(bytes: Buffer): JsonValue {
  if (!isUtf8(bytes)) throw new RequestRefused('E_REQUEST_INVALID', { detail: 'the body is not UTF-8' });
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RequestRefused('E_REQUEST_INVALID', { detail: 'the body is not JSON' });
  }
  const problem = findJsonProblem(value, limits.jsonDepth);
  if (problem) {
    throw new RequestRefused(problem.message === 'nested too deeply' ? 'E_LIMIT' : 'E_REQUEST_INVALID', {
      detail: `${problem.path.slice(0, 200) || 'the body'}: ${problem.message}`,
    });
  }
  return value as JsonValue; // shown by `findJsonProblem`
}

interface Account {
  /** Books so many more bytes, or throws. */
  add(bytes: number): void;
  close(): void;
}

function openAccount(budget: BodyBudget): Account {
  let held = 0;
  return {
    add(bytes) {
      held += bytes;
      budget.held += bytes;
      if (held > limits.requestBytes) throw tooLarge();
      if (budget.held > limits.requestBytesInFlight) throw overloaded();
    },
    close() {
      budget.held -= held;
    },
  };
}

/** By events, not by iteration: leaving an iteration early would destroy the socket before the refusal is sent. */
function collect(incoming: IncomingMessage, account: Account): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    const stop = (): void => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    const onData = (chunk: Uint8Array): void => {
      try {
        account.add(chunk.byteLength);
        chunks.push(chunk);
      } catch (error) {
        stop();
        incoming.pause();
        reject(error);
      }
    };
    const onEnd = (): void => {
      stop();
      resolve(chunks);
    };
    const onClose = (): void => {
      stop();
      reject(brokenOff());
    };
    if (incoming.destroyed) return onClose();
    // The error listener stays: an error after we have stopped reading must not end the process.
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

async function collectWeb(stream: ReadableStream<Uint8Array>, account: Account): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw brokenOff();
      });
      if (done) return chunks;
      account.add(value.byteLength);
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {}); // nobody is left to be told that the rest cannot be cancelled either
    throw error;
  }
}
