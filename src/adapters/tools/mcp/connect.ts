import { SdkErrorCode } from '@modelcontextprotocol/client';
import type { ErrorCode } from '../../../base/errors.ts';
import { Fault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { McpEra } from '../../../ports/mcp-upstream.ts';
import { Connection, type Listener } from './connection.ts';
import type { Mask } from './create-mask.ts';
import { HttpWire, type LentHeaders } from './http-wire.ts';
import { MaskedWire } from './masked-wire.ts';
import { MODERN_VERSION, negotiate } from './negotiate.ts';
import { type StdioServerParameters, StdioWire } from './stdio-wire.ts';
import { type Wire, WireFailure } from './wire.ts';

/** How a server is reached: a program that `launch` made sure of, or a URL with headers that go nowhere else. */
export type McpReach =
  | { readonly kind: 'stdio'; readonly launch: () => Promise<StdioServerParameters> }
  | {
      readonly kind: 'http';
      readonly url: URL;
      readonly headers: Readonly<Record<string, string>>;
      /** Headers that are lent to each connection. */
      readonly lend?: () => LentHeaders;
    };

export interface ConnectOptions {
  readonly reach: McpReach;
  /** The era of the client this is for. It is preferred; a server that speaks only the other is spoken to in that. */
  readonly prefer: McpEra;
  readonly capabilities: JsonObject;
  readonly listener: Listener;
  readonly onStderr: (line: string) => void;
  /** Takes the secrets the server was given out of what it says. */
  readonly mask: Mask | undefined;
  readonly onClose: () => void;
  readonly timeoutMs: number;
}

/** A conversation with a server, ready for use. Rejects with a `Fault`: nothing was called. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const modes =
    options.prefer === 'legacy' ? (['legacy', { pin: MODERN_VERSION }] as const) : (['auto', 'legacy'] as const);
  let firstError: unknown;
  for (const mode of modes) {
    const wire = await openMasked(options);
    try {
      const negotiated = await negotiate(wire, mode, options.capabilities, options.timeoutMs);
      const connection = new Connection(wire, negotiated, options.listener, options.onClose);
      // Before the first call goes out: what its tool asks may come on that stream, and only there.
      if (negotiated.era === 'legacy') await wire.listen();
      return connection;
    } catch (error) {
      await wire.close();
      if (!isOfOtherEra(error, options.reach)) throw unreachable(error, options.reach);
      firstError ??= error;
    }
  }
  throw unreachable(firstError, options.reach);
}

async function openMasked(options: ConnectOptions): Promise<Wire> {
  const wire = await openWire(options);
  return options.mask === undefined ? wire : new MaskedWire(wire, options.mask);
}

async function openWire({ reach, onStderr }: ConnectOptions): Promise<Wire> {
  if (reach.kind === 'http') return new HttpWire(reach.url, reach.headers, reach.lend?.());
  try {
    return new StdioWire(await reach.launch(), onStderr);
  } catch (error) {
    throw error instanceof Fault
      ? error
      : new Fault('E_SERVER_LAUNCH', 'the server could not be launched', { cause: error });
  }
}

/**
 * Whether the failure may only mean that the server does not know the revision we opened with. A server that cannot
 * be reached or asks for credentials will not become another one by being asked again.
 */
function isOfOtherEra(error: unknown, reach: McpReach): boolean {
  if (error instanceof WireFailure) return error.kind !== 'unreachable';
  if (reach.kind === 'stdio') return true;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (cause instanceof WireFailure && cause.kind === 'unreachable') return false;
  return code !== SdkErrorCode.ClientHttpAuthentication && code !== SdkErrorCode.ClientHttpForbidden;
}

function unreachable(error: unknown, reach: McpReach): Fault {
  if (error instanceof Fault) return error;
  const code: ErrorCode = reach.kind === 'stdio' ? 'E_SERVER_LAUNCH' : 'E_UPSTREAM_UNREACHABLE';
  return new Fault(code, 'the server did not complete the handshake', { cause: error });
}
