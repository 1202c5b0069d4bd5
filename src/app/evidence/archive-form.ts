import { z } from 'zod';
import type { Digest } from '../../base/digest.ts';
import { digestSchema } from '../../model/manifest.ts';

/** The files of an archive of evidence, a tar. `contents.json` comes last but one, and its signature last. */
export const FILES = {
  events: 'events.ndjson',
  checkpoint: 'log/checkpoint',
  key: (number: number) => `log/keys/${String(number).padStart(6, '0')}`,
  bundle: (digest: Digest) => `bundles/${digest.slice('sha256:'.length)}.json`,
  /** Rules of the form before, whose name this version cannot make again: that they are these, the signature alone says. */
  formerBundle: (digest: Digest) => `former-bundles/${digest.slice('sha256:'.length)}.json`,
  approvals: 'approvals.json',
  report: 'report.html',
  contents: 'contents.json',
  signature: 'contents.note',
} as const;

export const FORMAT = 'chaperone.evidence/1';

export const contentsSchema = z.strictObject({
  format: z.literal(FORMAT),
  tenant: z.string(),
  /** What was asked for, as it was asked for. */
  scope: z.record(z.string(), z.string()),
  madeAt: z.iso.datetime(),
  /** Events of the scope that are in the archive. */
  events: z.int().nonnegative(),
  /** Events of the scope that no checkpoint covered yet, and which are therefore not in it. */
  uncovered: z.int().nonnegative(),
  /** Events of which what their decision was made from is left out, with the personal data in it. */
  heldBack: z.int().nonnegative().optional(),
  log: z.strictObject({ origin: z.string(), size: z.int().nonnegative() }),
  /** Of an incident: when it was noticed, and by when it has to be reported. */
  incident: z
    .strictObject({ noticedAt: z.iso.datetime(), certInBy: z.iso.datetime(), dpdpBy: z.iso.datetime() })
    .optional(),
  files: z.record(z.string(), z.strictObject({ digest: digestSchema, bytes: z.int().nonnegative() })),
});
export type Contents = z.infer<typeof contentsSchema>;

/** With its salt the text comes to what was committed to. A salt is of one length: no part of the text passes for one. */
const saltedSchema = z.strictObject({ salt: z.string().regex(/^[0-9a-f]{64}$/), text: z.string() });

/** One line of `events.ndjson`. */
export const eventLineSchema = z.strictObject({
  /** As it stands in the record: its canonical JSON is what the log has the digest of. */
  event: z.looseObject({ id: z.string(), seq: z.int().positive(), tenant: z.string(), kind: z.string() }),
  /** The number of the event on the line before, 0 on the first: which one is missing can then be told. */
  after: z.int().nonnegative().optional(),
  /** From its entry up to the root of the checkpoint, base64. */
  proof: z.array(z.string()).max(63),
  /** What its sealed body says, and the salt that shows it is that. Absent where nothing is sealed, or all is erased or held back. */
  opened: saltedSchema.optional(),
  /** What was held back of that: what stood where keyed hashes stand. Only where it was asked for. */
  exact: saltedSchema.optional(),
});
export type EventLine = z.infer<typeof eventLineSchema>;
