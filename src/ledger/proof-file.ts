import { Fault } from '../base/fault.ts';
import { type CheckpointPolicy, type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { HASH_BYTES, hashLeaf } from './hash.ts';
import { verifyInclusion } from './proofs.ts';
import { fromBase64, readDecimal, toBase64 } from './text-bytes.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_HASHES = 63;

/** That an entry is in a log, to be checked anywhere with the log's public key alone (C2SP tlog-proof). */
export interface ProofFile {
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The checkpoint as it was signed. */
  readonly checkpoint: string;
  /** Whatever the application adds. Not proved by itself. */
  readonly extra?: Uint8Array;
}

export function printProofFile({ index, hashes, checkpoint, extra }: ProofFile): string {
  return [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...hashes.map(toBase64),
    '',
    checkpoint,
  ].join('\n');
}

export function isProofFile(text: string): boolean {
  return text.startsWith(`${HEADER}\n`);
}

/** @throws Fault E_EVIDENCE where it is no such file. */
export function parseProofFile(text: string): ProofFile {
  const split = text.indexOf('\n\n');
  const lines = text.slice(0, Math.max(0, split)).split('\n');
  if (lines.shift() !== HEADER) throw malformed(`its first line is not ${HEADER}`);
  const extraLine = lines[0]?.startsWith('extra ') ? lines.shift()?.slice('extra '.length) : undefined;
  const extra = extraLine === undefined ? undefined : fromBase64(extraLine);
  if (extraLine !== undefined && extra === undefined) throw malformed('its extra data are not base64');
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith('index ') ? readDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) throw malformed('it does not say the index of the entry');
  if (lines.length > MAX_HASHES) throw malformed(`it has more than ${MAX_HASHES} hashes`);
  const hashes = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) throw malformed('a hash is not 32 bytes of base64');
    return hash;
  });
  return { index, hashes, checkpoint: text.slice(split + 2), ...(extra === undefined ? {} : { extra }) };
}

/**
 * Holds a proof against the entry and a policy.
 *
 * @throws Fault E_EVIDENCE where the checkpoint is not to be believed, or the entry is not the one at that index.
 */
export function verifyProofFile(proof: ProofFile, entry: Uint8Array, policy: CheckpointPolicy): VerifiedCheckpoint {
  const verified = verifyCheckpoint(proof.checkpoint, policy);
  if (!verifyInclusion(hashLeaf(entry), proof.index, verified.checkpoint, proof.hashes)) {
    throw new Fault('E_EVIDENCE', `the entry is not number ${proof.index} of the log that the checkpoint is of`);
  }
  return verified;
}

function malformed(why: string): Fault {
  return new Fault('E_EVIDENCE', `not a proof file: ${why}`);
}
