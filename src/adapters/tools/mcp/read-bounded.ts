import { limits } from '../../../base/limits.ts';
import { type RpcMessage, readMessage } from '../../../model/json-rpc.ts';

/** What JSON-RPC wraps around what a server says: the message, its `result` or `params`, one list and its items. */
const ENVELOPE_DEPTH = 4;
const TOO_DEEP = { code: -32_603, message: 'the server’s answer is nested too deeply' };

/**
 * The message in a parsed value, or `undefined`. A server can nest a message so deeply that whoever walks it next runs
 * out of stack, outside of any call: such an answer becomes an error, and anything else such is dropped.
 */
export function readBounded(value: unknown): RpcMessage | undefined {
  const message = readMessage(value);
  if (message === undefined || !isDeeper(message, limits.jsonDepth + ENVELOPE_DEPTH)) return message;
  if ('method' in message) return undefined;
  return { jsonrpc: '2.0', id: message.id, error: TOO_DEEP };
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth <= 0) return true;
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], depth - 1)) return true;
  return false;
}
