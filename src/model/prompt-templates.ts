import { z } from 'zod';
import { limits } from '../base/limits.ts';

/** What a prompt template may be called, and its versions. */
export const TEMPLATE_ID = /^[a-z][\w.-]{0,127}$/i;
export const TEMPLATE_VERSION = /^[\w.+-]{1,64}$/;

/** Prompt templates of the bundle: by name and version, the file of the text. */
export const promptTemplatesSchema = z
  .record(
    z.string().regex(TEMPLATE_ID, 'up to 128 letters, digits, `_`, `.` and `-`, the first a letter'),
    z.record(
      z.string().regex(TEMPLATE_VERSION, 'up to 64 letters, digits, `_`, `.`, `+` and `-`'),
      z.string().min(1).describe('The file of its text, relative to this file; a version never gets another text.'),
    ),
  )
  .refine(
    (templates) =>
      Object.values(templates).reduce((sum, versions) => sum + Object.keys(versions).length, 0) <=
      limits.promptTemplates,
    `up to ${limits.promptTemplates} versions in all`,
  )
  .default({})
  .meta({
    description: 'Prompt templates that steps of models may name: by name and version, the file of the text.',
    examples: [{ triage: { '1.2.0': 'prompts/triage-1.2.0.md' } }],
  });
