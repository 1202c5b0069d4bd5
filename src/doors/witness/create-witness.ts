import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { sha256 } from '../../base/sha256.ts';
import { parseAddCheckpoint } from '../../ledger/add-checkpoint.ts';
import { judgeCheckpoint } from '../../ledger/judge-checkpoint.ts';
import { cosignedBytes, printNote, printSignature, timestampSignature } from '../../ledger/note.ts';
import { toHex } from '../../ledger/text-bytes.ts';
import type { VerifierKey } from '../../ledger/verifier-key.ts';
import type { WitnessMemory, WitnessRecord } from '../../ports/ledger.ts';

export interface WitnessOptions {
  /** The keys of the logs it signs for. */
  readonly logKeys: readonly VerifierKey[];
  readonly key: { readonly verifier: VerifierKey; sign(message: Uint8Array): Uint8Array };
  readonly memory: WitnessMemory;
  readonly clock: Clock;
}

export interface WitnessResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface WitnessDoor {
  /** Answers the body of an `add-checkpoint` request. Rejects with a `Fault` E_LEDGER where it cannot remember. */
  addCheckpoint(body: string): Promise<WitnessResponse>;
  /** The last checkpoint it signed of the log whose origin has this SHA-256, in hex. */
  readCheckpoint(originHash: string): Promise<WitnessResponse>;
}

const PLAIN = 'text/plain; charset=utf-8';
const plain = (status: number, body: string): WitnessResponse => ({ status, type: PLAIN, body: `${body}\n` });

/**
 * A witness (C2SP tlog-witness): it signs the checkpoint of a log it knows if that is proved to continue the last one it
 * signed, and remembers it before it answers. Requests are judged one after the other, so that none slips in between.
 */
export function createWitness({ logKeys, key, memory, clock }: WitnessOptions): WitnessDoor {
  let queue: Promise<unknown> = Promise.resolve();

  async function judge(body: string): Promise<WitnessResponse> {
    const request = parseAddCheckpoint(body);
    const known = new Map<string, WitnessRecord | undefined>();
    for (const origin of new Set(logKeys.map(({ name }) => name))) known.set(origin, await memory.read(origin));
    const judgement = judgeCheckpoint(request, logKeys, (origin) => known.get(origin));
    if (!judgement.ok) {
      return judgement.status === 409
        ? { status: 409, type: 'text/x.tlog.size', body: `${judgement.size}\n` }
        : plain(judgement.status, judgement.message);
    }
    const { origin, size, root, note } = judgement.checkpoint;
    const atSeconds = Math.floor(clock.nowMs() / 1_000);
    const signature = key.sign(cosignedBytes(note.text, atSeconds));
    const line = printSignature(key.verifier, timestampSignature(atSeconds, signature));
    const ofLog = note.signatures
      .filter(({ name, keyId }) => logKeys.some((one) => one.name === name && one.id === keyId))
      .map(({ name, keyId, bytes }) => printSignature({ name, id: keyId }, bytes));
    await memory.write(origin, { size, root, checkpoint: printNote(note.text, [...ofLog, line]) });
    return { status: 200, type: PLAIN, body: line };
  }

  return {
    addCheckpoint(body) {
      const answer = queue
        .then(() => judge(body))
        .catch((error: unknown) => {
          if (error instanceof Fault && error.code === 'E_REQUEST_INVALID') return plain(400, error.message);
          throw error;
        });
      queue = answer.catch(() => {});
      return answer;
    },
    async readCheckpoint(originHash) {
      const origin = logKeys.find(({ name }) => toHex(sha256(name)) === originHash)?.name;
      const record = origin === undefined ? undefined : await memory.read(origin);
      return record === undefined
        ? plain(404, 'nothing of that log was signed here')
        : { status: 200, type: PLAIN, body: record.checkpoint };
    },
  };
}
