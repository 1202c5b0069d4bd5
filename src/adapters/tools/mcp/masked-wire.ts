import { isJsonObject, type JsonValue } from '../../../base/json.ts';
import type { RpcMessage } from '../../../model/json-rpc.ts';
import type { Mask } from './create-mask.ts';
import { type SendOptions, type Wire, WireFailure } from './wire.ts';

/** A wire to a server that was given secrets: none of them comes back on it. */
export class MaskedWire implements Wire {
  readonly streams: boolean;
  readonly #wire: Wire;
  readonly #mask: Mask;
  onMessage: (message: RpcMessage) => void = () => {};
  onClose: () => void = () => {};

  constructor(wire: Wire, mask: Mask) {
    this.#wire = wire;
    this.#mask = mask;
    this.streams = wire.streams;
    wire.onMessage = (message) => this.onMessage(this.#clean(message));
    wire.onClose = () => this.onClose();
  }

  get stale(): boolean {
    return this.#wire.stale;
  }

  start(): Promise<void> {
    return this.#wire.start();
  }

  async send(message: RpcMessage, options: SendOptions = {}): Promise<void> {
    const { onMessage } = options;
    const cleaned = onMessage && { ...options, onMessage: (one: RpcMessage) => onMessage(this.#clean(one)) };
    try {
      await this.#wire.send(message, cleaned ?? options);
    } catch (error) {
      if (!(error instanceof WireFailure)) throw error;
      const { kind, ran, status, cause } = error;
      throw new WireFailure(kind, ran, this.#mask(error.message), {
        cause,
        ...(status === undefined ? {} : { status }),
      });
    }
  }

  useVersion(version: string): void {
    this.#wire.useVersion(version);
  }

  listen(): Promise<void> {
    return this.#wire.listen();
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  #clean(message: RpcMessage): RpcMessage {
    // Masking changes texts, never the shape of what holds them.
    return maskJson(message as unknown as JsonValue, this.#mask) as unknown as RpcMessage;
  }
}

function maskJson(value: JsonValue, mask: Mask): JsonValue {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((one: JsonValue) => maskJson(one, mask));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [mask(name), maskJson(one, mask)]));
}
