import { type Digest, digestBytes } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { findJsonProblem, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { VerifiedCheckpoint } from '../../ledger/checkpoint.ts';
import { parseCheckpoint } from '../../ledger/checkpoint.ts';
import { entryOfDigest } from '../../ledger/event-entry.ts';
import { KeyHistory } from '../../ledger/key-history.ts';
import { parseProofFile, verifyProofFile } from '../../ledger/proof-file.ts';
import { toText } from '../../ledger/text-bytes.ts';
import { type Trust, verifySigned } from './verify-ledger.ts';

export interface VerifiedProof extends VerifiedCheckpoint {
  /** Counting from 1, as the record does. */
  readonly seq: number;
  readonly digest: Digest;
  /** As it was recorded. Absent where the proof shows only its digest. */
  readonly event?: JsonObject;
}

/**
 * Verifies a proof file with public keys alone.
 *
 * @throws Fault E_EVIDENCE where it does not prove what it shows.
 */
export function verifyProof(text: string, trust: Trust): VerifiedProof {
  const proof = parseProofFile(text);
  if (proof.extra === undefined) throw new Fault('E_EVIDENCE', 'the proof does not show what it proves');
  const shown = toText(proof.extra, 'what the proof shows');
  const isDigest = /^sha256:[0-9a-f]{64}$/.test(shown);
  // The bytes themselves are what counts: nothing is normalised before it is hashed.
  const digest = isDigest ? (shown as Digest) : digestBytes(proof.extra); // the pattern is that of a digest
  const history = KeyHistory.of(trust.keys);
  const { size } = parseCheckpoint(proof.checkpoint);
  const verified = verifySigned(proof.checkpoint, history, trust);
  verifyProofFile(proof, entryOfDigest(digest), { ...trust, logKeys: history.keysFor(size) });
  return {
    ...verified,
    seq: proof.index + 1,
    digest,
    ...(isDigest ? {} : { event: parseEvent(shown, proof.index + 1) }),
  };
}

function parseEvent(text: string, seq: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault('E_EVIDENCE', 'what the proof shows is not an event');
  }
  if (!isJsonObject(value) || findJsonProblem(value, limits.jsonDepth + 8) !== undefined || value['seq'] !== seq) {
    throw new Fault('E_EVIDENCE', 'what the proof shows is not the event at its place in the log');
  }
  return value;
}
