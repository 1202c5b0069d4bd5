import {
  Client,
  type ClientCapabilities,
  type JSONRPCMessage,
  SdkErrorCode,
  SdkHttpError,
  type Transport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import type { JsonObject } from '../../../base/json.ts';
import type { RpcMessage } from '../../../model/json-rpc.ts';
import type { McpEra } from '../../../ports/mcp-upstream.ts';
import { type Wire, WireFailure } from './wire.ts';

export interface Negotiated {
  readonly era: McpEra;
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly instructions?: string;
}

export const MODERN_VERSION = '2026-07-28';
export const GATEWAY = { name: 'chaperone', version: '0.1.0' } as const;

/**
 * Opens a conversation on a wire: the official client asks the server which revision it speaks and shakes hands. After
 * that the wire is ours alone, and messages pass on it as they are. Rejects with what the client or the wire threw.
 */
export async function negotiate(
  wire: Wire,
  mode: VersionNegotiationMode,
  capabilities: JsonObject,
  timeoutMs: number,
): Promise<Negotiated> {
  const transport = new HandshakeTransport(wire);
  // Capabilities are what a client sent us; the server judges them, not the handshake.
  const client = new Client(GATEWAY, {
    capabilities: capabilities as ClientCapabilities,
    versionNegotiation: { mode },
  });
  await client.connect(transport, { timeout: timeoutMs });
  const version = client.getNegotiatedProtocolVersion() ?? '';
  const era: McpEra = version >= MODERN_VERSION ? 'modern' : 'legacy';
  const instructions = client.getInstructions();
  // What the client parsed came off the wire as JSON.
  const declared = (client.getServerCapabilities() ?? {}) as JsonObject;
  return { era, version, capabilities: declared, ...(instructions === undefined ? {} : { instructions }) };
}

/** Shows a wire to the official client as one of its transports, for the length of the handshake. */
class HandshakeTransport implements Transport {
  readonly #wire: Wire;
  onmessage?: NonNullable<Transport['onmessage']>;
  onclose?: () => void;
  onerror?: (error: Error) => void;

  constructor(wire: Wire) {
    this.#wire = wire;
    // Their presence tells the client that silence means an older server, as it does on a pipe but not over HTTP.
    if (!wire.streams) Object.assign(this, { pid: null, stderr: null });
    // The envelope was checked on arrival; what is in it is the client's to check.
    wire.onMessage = (message) => this.onmessage?.(message as JSONRPCMessage);
    wire.onClose = () => this.onclose?.();
  }

  start(): Promise<void> {
    return this.#wire.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const sent = this.#wire.send(message as RpcMessage, { headers: describeHandshake(message as RpcMessage) });
    try {
      await sent;
    } catch (error) {
      if (!(error instanceof WireFailure) || error.status === undefined) throw error;
      throw new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, error.message, { status: error.status });
    }
  }

  setProtocolVersion(version: string): void {
    this.#wire.useVersion(version);
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}

/** The headers of the one modern request of a handshake, `server/discover`; older requests carry none. */
function describeHandshake(message: RpcMessage): Record<string, string> {
  if (!('method' in message) || message.method !== 'server/discover') return {};
  return { 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': message.method };
}
