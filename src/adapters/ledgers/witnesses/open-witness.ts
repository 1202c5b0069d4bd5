import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { type AddCheckpoint, printAddCheckpoint } from '../../../ledger/add-checkpoint.ts';
import { readDecimal } from '../../../ledger/text-bytes.ts';
import type { VerifierKey } from '../../../ledger/verifier-key.ts';
import type { Witness } from '../../../ports/ledger.ts';

const SIZE_TYPE = 'text/x.tlog.size';

/**
 * A witness behind HTTP (C2SP tlog-witness), at `<url>/add-checkpoint`. Redirects are not followed, and what it says is
 * not repeated: a `Fault` E_WITNESS says no more than what was wrong.
 */
export function openWitness(url: string, key: VerifierKey, timeoutMs: number = limits.witnessTimeoutMs): Witness {
  const target = new URL(`${url.replace(/\/$/, '')}/add-checkpoint`);
  const failed = (why: string) => new Fault('E_WITNESS', `the witness ${key.name} ${why}`);

  function post(body: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const start = target.protocol === 'https:' ? httpsRequest : httpRequest;
      const signal = AbortSignal.timeout(timeoutMs);
      const request = start(target, { method: 'POST', signal, headers: { 'content-length': Buffer.byteLength(body) } });
      request.once('response', resolve);
      request.on('error', () => reject(failed(signal.aborted ? 'did not answer in time' : 'could not be reached')));
      request.end(body);
    });
  }

  async function read(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > limits.witnessBytes) throw failed('answered with more than is read of it');
        chunks.push(chunk);
      }
    } catch (error) {
      throw error instanceof Fault ? error : failed('broke off its answer');
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  return {
    key,
    async addCheckpoint(request: AddCheckpoint) {
      const response = await post(printAddCheckpoint(request));
      const text = await read(response);
      const status = response.statusCode ?? 0;
      if (status === 200) return { ok: true, lines: text };
      const lastSize = readDecimal(text.trimEnd());
      if (status === 409 && response.headers['content-type'] === SIZE_TYPE && lastSize !== undefined) {
        return { ok: false, lastSize };
      }
      throw failed(MEANINGS[status] ?? `answered with HTTP status ${status}`);
    },
  };
}

const MEANINGS: Readonly<Record<number, string>> = {
  403: 'does not accept the ledger’s key',
  404: 'does not know this ledger',
  422: 'has signed another history of this ledger: compare them before anything is changed',
};
