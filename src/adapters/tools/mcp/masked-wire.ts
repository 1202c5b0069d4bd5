import { isJsonObject, type JsonValue } from '../../../base/json.ts';
import type { Secret } from '../../../base/secret.ts';
import type { RpcMessage } from '../../../model/json-rpc.ts';
import { type SendOptions, type Wire, WireFailure } from './wire.ts';

/** Puts the reference of each secret in its place. */
export type Mask = (text: string) => string;

/** What is shorter is no secret, and taking it out would take words out of every text. */
const LEAST_CHARS = 6;

/**
 * Takes the secrets that a server was given out of what it says: as they are, as JSON writes them (in JSON, and in JSON
 * in a text), as an address does, line by line, and a header's credentials without their scheme. Undefined where there
 * is nothing to take out.
 */
export function createMask(secrets: readonly Secret[]): Mask | undefined {
  const names = new Map<string, string>();
  for (const secret of secrets) for (const form of formsOf(secret.reveal())) names.set(form, secret.toString());
  const forms = [...names.keys()].filter((form) => form.length >= LEAST_CHARS).sort((a, b) => b.length - a.length);
  if (forms.length === 0) return undefined;
  const pattern = new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g');
  return (text) => text.replace(pattern, (form) => names.get(form) ?? '[secret]');
}

function formsOf(value: string): ReadonlySet<string> {
  const credentials = /^(?:bearer|basic|digest|token|apikey)\s+(\S.*)$/is.exec(value)?.[1];
  const lines = value.split(/\r?\n/);
  const plain = [value, value.trim(), ...(credentials === undefined ? [] : [credentials]), ...lines];
  const forms = new Set<string>();
  for (const form of plain) {
    const once = JSON.stringify(form).slice(1, -1);
    for (const one of [form, once, JSON.stringify(once).slice(1, -1)]) forms.add(one);
    if (form.isWellFormed()) forms.add(encodeURIComponent(form));
  }
  return forms;
}

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

  listen(): void {
    this.#wire.listen();
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
