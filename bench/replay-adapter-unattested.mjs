import { openSession } from './replay-adapter.mjs';

/** The same session without the user's own words: what plain MCP can offer. */
export const open = (session) => openSession(session, { attest: false });
