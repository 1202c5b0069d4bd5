import { z } from 'zod';
import { limits } from '../base/limits.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration: `500ms`, `30s`, `15m`, `8h`, `180d`. Parsed to milliseconds. */
export const durationSchema = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'a duration such as `500ms`, `30s`, `15m`, `8h` or `180d`')
  .transform((text) => {
    const unit = text.replace(/^\d+/, '') as keyof typeof UNIT_MS; // the pattern admits only these units
    return Number.parseInt(text, 10) * UNIT_MS[unit];
  })
  .refine((ms) => ms <= limits.durationMs, 'a duration of up to `36500d`');
