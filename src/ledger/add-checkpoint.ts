import { Fault } from '../base/fault.ts';
import { HASH_BYTES } from './hash.ts';
import { fromBase64, readDecimal, toBase64 } from './text-bytes.ts';

/** What a log sends to a witness (C2SP tlog-witness). */
export interface AddCheckpoint {
  readonly oldSize: number;
  /** That the tree of `oldSize` is the beginning of the checkpoint's. */
  readonly proof: readonly Uint8Array[];
  /** As it was signed. */
  readonly checkpoint: string;
}

const MAX_HASHES = 63;

export function printAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`;
}

/** @throws Fault E_REQUEST_INVALID. */
export function parseAddCheckpoint(text: string): AddCheckpoint {
  const split = text.indexOf('\n\n');
  if (split < 0) throw malformed('there is no empty line before the checkpoint');
  const [first = '', ...lines] = text.slice(0, split).split('\n');
  const oldSize = first.startsWith('old ') ? readDecimal(first.slice('old '.length)) : undefined;
  if (oldSize === undefined) throw malformed('it does not begin with the old size');
  if (lines.length > MAX_HASHES) throw malformed(`the proof has more than ${MAX_HASHES} hashes`);
  const proof = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) throw malformed('a hash of the proof is not 32 bytes of base64');
    return hash;
  });
  return { oldSize, proof, checkpoint: text.slice(split + 2) };
}

function malformed(why: string): Fault {
  return new Fault('E_REQUEST_INVALID', `not an add-checkpoint request: ${why}`);
}
