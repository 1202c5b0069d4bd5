import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { durationSchema } from './duration.ts';
import { lentReferenceSchema } from './secret-reference.ts';

/** Somewhere else where the ledger is kept as well. What is there is never written again. */
export const ledgerCopySchema = z.strictObject({
  to: z
    .string()
    .min(1)
    .meta({
      description: 'A folder, relative to this file, or a bucket that speaks the S3 protocol: `s3://bucket/prefix`.',
      examples: ['s3://evidence/chaperone', '/mnt/evidence/chaperone'],
    }),
  endpoint: z
    .url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' })
    .meta({
      description: 'Of a bucket: the address of the service; that of AWS in `region` unless told.',
      examples: ['https://minio.company.com'],
    })
    .optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'a region such as `eu-central-1`')
    .default('us-east-1')
    .describe('Of a bucket: its region.'),
  accessKeyId: z
    .union([z.string(), lentReferenceSchema])
    .describe('Of a bucket: the id of the key to sign requests with.')
    .optional(),
  secretAccessKey: lentReferenceSchema.describe('Of a bucket: the key to sign requests with.').optional(),
  sessionToken: lentReferenceSchema.describe('Of a bucket: what goes with a key that was lent.').optional(),
  every: durationSchema
    .default(limits.copyEveryMs)
    .meta({ description: 'How often a new checkpoint is copied at most.', examples: ['10s'] }),
});
export type LedgerCopyConfig = z.infer<typeof ledgerCopySchema>;

export const ledgerCopiesSchema = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,30}$/i, 'up to 31 letters, digits, `_` and `-`'), ledgerCopySchema)
  .refine((copies) => Object.keys(copies).length <= limits.ledgerCopies, `up to ${limits.ledgerCopies} copies`)
  .default({})
  .describe('Where the ledger is kept as well, by name: best where whoever owns this host can change nothing.');

const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[A-Za-z0-9!_.*'()-]+)*)\/?$/;

/** Whether a copy is to lie in a bucket, and not in a folder. */
export function isBucketAddress(to: string): boolean {
  return to.startsWith('s3:');
}

/** `s3://bucket/prefix`: the prefix ends with `/` or is empty. Undefined where it is no such address. */
export function readBucketAddress(to: string): { readonly bucket: string; readonly prefix: string } | undefined {
  const [, bucket, path = ''] = BUCKET.exec(to) ?? [];
  return bucket === undefined ? undefined : { bucket, prefix: path === '' ? '' : `${path.slice(1)}/` };
}
