import { z } from 'zod';

/**
 * What a gateway and the process that has the keys of its ledger say to each other: JSON over HTTP on a socket of this
 * machine. Hashes are base64, texts are signed notes.
 */
export const signerPaths = { state: '/state', checkpoint: '/checkpoint', evidence: '/evidence' } as const;

const hashSchema = z.base64().length(44);
const treeHeadSchema = z.strictObject({ size: z.int().nonnegative(), root: hashSchema });

export const signerStateSchema = z.strictObject({
  origin: z.string(),
  /** The tree that was signed last. */
  signed: treeHeadSchema.optional(),
  history: z.array(z.string()).max(10_000),
  keys: z.array(z.string()).min(1).max(10_000),
});
export type SignerState = z.infer<typeof signerStateSchema>;

/** A tree, and the proof that the one signed last is its beginning. */
export const signRequestSchema = z.strictObject({ head: treeHeadSchema, proof: z.array(hashSchema).max(128) });
export type SignRequest = z.infer<typeof signRequestSchema>;

/** What an archive of evidence is signed by: the digest of its contents. */
export const signEvidenceSchema = z.strictObject({ contents: z.string().regex(/^sha256:[0-9a-f]{64}$/) });
export type SignEvidence = z.infer<typeof signEvidenceSchema>;

export const signedSchema = z.strictObject({ text: z.string() });

/** Why nothing was signed. */
export const signerRefusalSchema = z.strictObject({
  code: z.enum(['E_LEDGER_FORK', 'E_LEDGER', 'E_CONFIG', 'E_REQUEST_INVALID']),
  message: z.string(),
});
