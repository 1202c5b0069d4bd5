export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/**
 * Reads `text/event-stream` chunk by chunk. `onEvent` gets each event that carries data; `onRetry` the delay the
 * server asks for, ms. `push` throws a `RangeError` when one event grows over `maxChars`.
 */
export class SseReader {
  readonly #maxChars: number;
  readonly #onEvent: (event: SseEvent) => void;
  readonly #onRetry: (retryMs: number) => void;
  #rest = '';
  #event = 'message';
  #data: string[] = [];
  #chars = 0;
  #id: string | undefined;

  constructor(maxChars: number, onEvent: (event: SseEvent) => void, onRetry: (retryMs: number) => void = () => {}) {
    this.#maxChars = maxChars;
    this.#onEvent = onEvent;
    this.#onRetry = onRetry;
  }

  /** The id of the last event that was taken, from which a broken stream can be resumed. */
  get lastEventId(): string | undefined {
    return this.#id;
  }

  push(chunk: string): void {
    let text = this.#rest + chunk;
    // A carriage return at the end may be the first half of a line break: it waits for the next chunk.
    const held = text.endsWith('\r') ? '\r' : '';
    if (held) text = text.slice(0, -1);
    if (text.includes('\r')) text = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#line(text.slice(from, end));
      from = end + 1;
    }
    this.#rest = text.slice(from) + held;
    if (this.#rest.length + this.#chars > this.#maxChars) throw new RangeError('an event is over the size limit');
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') {
      this.#data.push(value);
      this.#chars += value.length;
    } else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.#onRetry(Number(value));
  }

  #dispatch(): void {
    const data = this.#data.join('\n');
    const event = this.#event;
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#chars = 0;
    this.#event = 'message';
    if (!empty) this.#onEvent({ event, data, ...(this.#id === undefined ? {} : { id: this.#id }) });
  }
}
