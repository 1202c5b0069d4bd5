import type { RpcMessage } from '../../../model/json-rpc.ts';

export interface SendOptions {
  /** Gives up waiting and, where the transport has a stream per request, ends that stream. */
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Takes what arrives on this request's own stream, on transports that have one. */
  readonly onMessage?: (message: RpcMessage) => void;
}

/** Carries JSON-RPC messages to and from one server. Knows nothing of what they mean. */
export interface Wire {
  /** Whether every request has its own stream: then `send` resolves when that stream has ended. */
  readonly streams: boolean;
  /** Whether another connection should take this one's place as soon as there is one. */
  readonly stale: boolean;
  start(): Promise<void>;
  /** Rejects with a `WireFailure`. */
  send(message: RpcMessage, options?: SendOptions): Promise<void>;
  /** The revision that was agreed, which HTTP repeats in a header. */
  useVersion(version: string): void;
  /**
   * Starts to listen for what a legacy server sends of its own accord, where that takes a stream of its own. Resolves once
   * the server has answered, or `limits.mcpListenMs` later: many a server drops what it says before that, questions
   * included. Never rejects.
   */
  listen(): Promise<void>;
  close(): Promise<void>;
  onMessage: (message: RpcMessage) => void;
  onClose: () => void;
}

/** Why a message did not get its answer, and whether the server can have acted on it. */
export class WireFailure extends Error {
  override readonly name = 'WireFailure';
  readonly kind: 'unreachable' | 'lost' | 'rejected' | 'session' | 'unusable' | 'aborted';
  readonly ran: 'no' | 'unknown';
  readonly status: number | undefined;

  constructor(
    kind: WireFailure['kind'],
    ran: 'no' | 'unknown',
    message: string,
    options: { status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.ran = ran;
    this.status = options.status;
  }
}
