import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';

export type RpcId = string | number;

/** The error member of a response. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonValue;
}

export interface RpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly method: string;
  readonly params?: JsonObject;
}
export interface RpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: JsonObject;
}
export type RpcResponse =
  | { readonly jsonrpc: '2.0'; readonly id: RpcId; readonly result: JsonObject }
  | { readonly jsonrpc: '2.0'; readonly id: RpcId | null; readonly error: RpcError };

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

/** The message in a parsed value, or `undefined`. Only the envelope is looked at: contents are checked by their users. */
export function readMessage(value: unknown): RpcMessage | undefined {
  if (!isJsonObject(value) || value['jsonrpc'] !== '2.0') return undefined;
  const { id, method, params, result, error } = value;
  const isId = typeof id === 'string' || isWhole(id);
  if (typeof method === 'string') {
    if (params !== undefined && !isJsonObject(params)) return undefined;
    const body = { jsonrpc: '2.0' as const, method, ...(params === undefined ? {} : { params }) };
    return id === undefined ? body : isId ? { ...body, id } : undefined;
  }
  if (isId && isJsonObject(result)) return { jsonrpc: '2.0', id, result };
  const problem = readError(error);
  return problem && (isId || id === null || id === undefined)
    ? { jsonrpc: '2.0', id: isId ? id : null, error: problem }
    : undefined;
}

function readError(value: unknown): RpcError | undefined {
  if (!isJsonObject(value)) return undefined;
  const { code, message, data } = value;
  if (!isWhole(code)) return undefined;
  return { code, message: typeof message === 'string' ? message : '', ...(data === undefined ? {} : { data }) };
}

function isWhole(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value);
}
