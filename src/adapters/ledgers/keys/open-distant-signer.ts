import { request } from 'node:http';
import type { z } from 'zod';
import { Fault, toFault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import {
  type SignEvidence,
  type SignerState,
  type SignRequest,
  signedSchema,
  signerPaths,
  signerRefusalSchema,
  signerStateSchema,
} from '../../../contract/signer.ts';
import { fromBase64, toBase64 } from '../../../ledger/text-bytes.ts';
import { parseVerifierKey } from '../../../ledger/verifier-key.ts';
import type { CheckpointSigner } from '../../../ports/ledger.ts';

const MOST_CHARS = 4 * 1_048_576;

/**
 * The signer of a ledger in a process of its own, reached by its socket: no private key is in this one. It is asked for its
 * state each time, so that it may be restarted, and its keys rotated, at any moment.
 *
 * @throws Fault E_LEDGER where it does not answer; E_CONFIG where it signs for another log.
 */
export async function openDistantSigner(socket: string, origin: string | undefined): Promise<CheckpointSigner> {
  const ask = <T>(schema: z.ZodType<T>, path: string, body?: object) => askSigner(socket, schema, path, body);
  const readState = (): Promise<SignerState> => ask(signerStateSchema, signerPaths.state);
  const first = await readState();
  if (origin !== undefined && first.origin !== origin)
    throw new Fault('E_CONFIG', `the signer at ${socket} signs for the log ${first.origin}, not for ${origin}`);
  return {
    origin: first.origin,
    async lastSigned() {
      const { signed } = await readState();
      const root = signed && fromBase64(signed.root);
      return signed === undefined || root === undefined ? undefined : { size: signed.size, root };
    },
    async sign(head, proof) {
      const body: SignRequest = { head: { size: head.size, root: toBase64(head.root) }, proof: proof.map(toBase64) };
      return (await ask(signedSchema, signerPaths.checkpoint, body)).text;
    },
    async signEvidence(contents) {
      const body: SignEvidence = { contents };
      return (await ask(signedSchema, signerPaths.evidence, body)).text;
    },
    history: async () => (await readState()).history,
    async keys() {
      return (await readState()).keys.map((text) => {
        const key = parseVerifierKey(text);
        if (key === undefined) throw new Fault('E_LEDGER', `the signer at ${socket} names a key that is none`);
        return key;
      });
    },
  };
}

async function askSigner<T>(socket: string, schema: z.ZodType<T>, path: string, body?: object): Promise<T> {
  const failed = (why: string) => new Fault('E_LEDGER', `the signer at ${socket} ${why}`);
  let answer: { readonly status: number; readonly text: string };
  try {
    answer = await exchange(socket, path, body);
  } catch (error) {
    throw toFault(error, 'E_LEDGER', `the signer at ${socket} does not answer: start \`chaperone signer\``);
  }
  let value: unknown;
  try {
    value = JSON.parse(answer.text);
  } catch {
    throw failed('answers with something else than JSON');
  }
  const refusal = signerRefusalSchema.safeParse(value);
  if (refusal.success) throw new Fault(refusal.data.code, refusal.data.message);
  const parsed = schema.safeParse(value);
  if (answer.status !== 200 || !parsed.success) throw failed('answers with something else');
  return parsed.data;
}

function exchange(socketPath: string, path: string, body?: object): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const signal = AbortSignal.timeout(limits.signerTimeoutMs);
  const asked = request(
    {
      socketPath,
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: { host: 'signer' },
      signal,
      agent: false,
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MOST_CHARS) response.destroy(new Fault('E_LEDGER', 'the signer’s answer is too long'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    },
  );
  asked.on('error', reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
