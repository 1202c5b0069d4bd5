import { open, stat } from 'node:fs/promises';
import { openFolderCopy } from '../../adapters/ledgers/copies/open-folder-copy.ts';
import { openLedgerFolder } from '../../adapters/ledgers/files/open-ledger-folder.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { isProofFile } from '../../ledger/proof-file.ts';
import type { LogFiles } from '../../ledger/read-tile.ts';
import { toText } from '../../ledger/text-bytes.ts';
import { CHECKPOINT_PATH } from '../../ledger/tiles.ts';
import { readFileOnce } from '../config/read-file-once.ts';
import { isArchive, type VerifiedArchive, verifyArchive } from '../evidence/verify-archive.ts';
import { openCopyFiles } from './read-copy.ts';
import { type Trust, type VerifiedLedger, verifyLedger } from './verify-ledger.ts';
import { type VerifiedProof, verifyProof } from './verify-proof.ts';

export type VerifiedPath =
  | ({ readonly kind: 'ledger' } & VerifiedLedger)
  | ({ readonly kind: 'proof' } & VerifiedProof)
  | ({ readonly kind: 'archive' } & VerifiedArchive);

/** A proof may show an event of the largest size, in base64. */
const MAX_PROOF_BYTES = 2 * limits.recordBytes;

/**
 * Verifies the folder of a ledger, a proof file, or an archive of evidence, with public keys alone.
 *
 * @throws Fault E_NOT_FOUND, and as `verifyLedger`, `verifyProof` and `verifyArchive`.
 */
export async function verifyPath(path: string, trust: Trust): Promise<VerifiedPath> {
  const isFolder = await stat(path).then(
    (status) => status.isDirectory(),
    (error: unknown) => {
      throw new Fault('E_NOT_FOUND', `there is nothing to verify at ${path}`, { cause: error });
    },
  );
  if (isFolder) return { kind: 'ledger', ...(await verifyLedger(await openFolder(path), trust)) };
  if (isArchive(await readHead(path))) return { kind: 'archive', ...(await verifyArchive(path, trust)) };
  const { bytes } = await readFileOnce(path, MAX_PROOF_BYTES).catch((error: unknown) => {
    const { message } = toFault(error, 'E_NOT_FOUND', 'cannot be read');
    throw new Fault('E_NOT_FOUND', `${path} ${message}`, { cause: error });
  });
  const text = toText(bytes, path);
  if (!isProofFile(text))
    throw new Fault(
      'E_EVIDENCE',
      `${path} is neither the folder of a ledger, nor a proof file or an archive of evidence`,
    );
  return { kind: 'proof', ...verifyProof(text, trust) };
}

/** A ledger, or a copy of one, which has no file that is written again and again. */
async function openFolder(path: string): Promise<LogFiles> {
  const files = openLedgerFolder(path);
  const isCopy = (await files.read(CHECKPOINT_PATH)) === undefined;
  return isCopy ? openCopyFiles(openFolderCopy(path)) : files;
}

const HEAD_BYTES = 512;

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
