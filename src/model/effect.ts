import { z } from 'zod';

/** `write` changes anything outside the run; `read` does not. */
export const effectSchema = z.enum(['read', 'write']);
export type Effect = z.infer<typeof effectSchema>;

/** How bad the worst use of a tool is. Decided by a person before go-live. */
export const consequenceSchema = z.enum(['low', 'medium', 'high']);
export type Consequence = z.infer<typeof consequenceSchema>;
