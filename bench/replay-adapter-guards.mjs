import { openSession } from './replay-adapter.mjs';
import { strictGuards } from './strict-guards.mjs';

/** The same session, with loops looked for and breakers that open soon. */
export const open = (session) => openSession(session, { attest: true, manifest: strictGuards });
