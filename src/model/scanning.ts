import { z } from 'zod';

// Written as `manifest.ts` is: it says by which conventions.

/** What content is, for scanning: a kind the product knows, or a name of a person's own. */
export const sourceNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/i, 'up to 63 letters, digits, `_` and `-`, the first a letter');

/** How content of one source is scanned, and what a flag comes to. Scanning never grants: trust only moves the threshold. */
export const sourceSchema = z.strictObject({
  trust: z
    .enum(['own', 'reviewed', 'outside'])
    .describe('Who writes it: the user or the organisation, somebody reviewed, or anybody. It moves the threshold.')
    .optional(),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .describe('The risk from which content is flagged, 0 to 1; where not given, 0.5 outside, 0.75 reviewed, 0.9 own.')
    .optional(),
  flagged: z
    .enum(['record', 'mark', 'wrap', 'withhold'])
    .default('mark')
    .describe(
      'What happens to flagged content: only the record says so, the answer says so too, it is put between boundary markers, or it is withheld.',
    ),
  datamark: z
    .boolean()
    .default(false)
    .describe('Whether spaces of wrapped content become `^`, which sets it apart from instructions everywhere.'),
});

/** A model of a person's own that also looks at what comes in. */
export const classifierSchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .meta({ description: 'A text classifier in ONNX form, relative to this file.', examples: ['models/guard.onnx'] }),
  vocabulary: z
    .string()
    .min(1)
    .describe('Its WordPiece vocabulary, one piece a line, with `[CLS]`, `[SEP]`, `[PAD]` and `[UNK]` among them.'),
  lowercase: z.boolean().default(true).describe('Whether it was trained without capitals and accents.'),
  window: z.int().min(8).max(2_048).default(256).describe('How many pieces it reads at once.'),
  label: z
    .int()
    .min(0)
    .max(1_000)
    .describe('Which of its outputs, counted from 0, says that a text gives orders; the last where not given.')
    .optional(),
});

const findingKindsSchema = z.array(z.string().regex(/^[a-z][a-z0-9-]{1,62}$/, 'a kind of finding or a detector'));

/** What findings in the arguments of a tool come to when something leaves by it. `deny` wins over `ask`, `ask` over `allow`. */
export const toolScanSchema = z.strictObject({
  allow: findingKindsSchema.default([]).meta({
    description: 'Kinds of finding, or detectors, that may leave by this tool, since that is what it is for.',
    examples: [['named-secret']],
  }),
  ask: findingKindsSchema.default([]).meta({
    description: 'Kinds that a person is asked about, besides credentials and exfiltration shapes.',
    examples: [['card-number', 'personal-data']],
  }),
  deny: findingKindsSchema
    .default([])
    .meta({ description: 'Kinds that never leave by this tool, whoever is asked.', examples: [['private-key']] }),
});
