import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { durationSchema } from './duration.ts';
import { ledgerCopiesSchema } from './ledger-copy.ts';

const KEY_NAME = '[^\\s+]{1,255}';
/** Where the ledger is kept, and who sees it. */
export const ledgerSchema = z.strictObject({
  folder: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'Where tiles, entries and checkpoints are written, best on another disk or host; `ledger` in `data` unless told.',
      examples: ['/mnt/evidence/chaperone'],
    }),
  keys: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'The folder of the keys that sign checkpoints, best out of reach of agents; `ledger-keys` in `data` unless told.',
      examples: ['/etc/chaperone/ledger-keys'],
    }),
  signer: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'The socket of `chaperone signer`, which has the keys as another user; without it, the gateway has them in `keys`.',
      examples: ['/run/chaperone/signer.sock'],
    }),
  origin: z
    .string()
    .regex(new RegExp(`^${KEY_NAME}$`), 'a name without spaces and `+`, such as `audit.company.com/chaperone`')
    .optional()
    .meta({
      description: 'The log’s name in every checkpoint; made up at the first start unless told, and never changed.',
      examples: ['audit.company.com/chaperone'],
    }),
  checkpointEvery: durationSchema.default(limits.ledgerEveryMs).meta({
    description: 'How long an event waits at most to be covered by a signed checkpoint.',
    examples: ['1s'],
  }),
  witnesses: z
    .array(
      z.strictObject({
        url: z
          .url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' })
          .describe('Where the witness answers; `/add-checkpoint` is added to it.'),
        key: z
          .string()
          .regex(new RegExp(`^${KEY_NAME}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{44}$`), 'a public key, `name+id+base64`')
          .meta({
            description: 'The witness’s public key, as `chaperone witness` prints it.',
            examples: ['witness.company.com+9e2dbd07+BAkc3vGpVMSxWnF7JpAWTdVFOY5KzfdEWS2eYE5gJ0wn'],
          }),
      }),
    )
    .max(limits.witnesses)
    .default([])
    .describe('Who is asked to sign that they have seen each checkpoint.'),
  quorum: z
    .int()
    .min(0)
    .max(limits.witnesses)
    .optional()
    .meta({
      description: 'How many witnesses a checkpoint should have; all of them unless told.',
      examples: [1],
    }),
  copies: ledgerCopiesSchema,
});
