import type { CallAnswer } from './line/call-answer.ts';
import type { CallRequest } from './line/call-request.ts';

/** Walks the straight line once. */
export type Walk = (request: CallRequest) => Promise<CallAnswer>;
