import type { RpcMessage } from '../../model/json-rpc.ts';

const encoder = new TextEncoder();
const KEEP_ALIVE_MS = 15_000;
/** What may wait for a client that reads more slowly than its servers talk; notifications beyond it are dropped. */
const UNREAD_BYTES = 8_388_608;
const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

/**
 * One HTTP response in the making: a single JSON body, unless something has to be sent before the answer; then a
 * stream of events that the answer ends. `gone` is aborted when the client closes the stream.
 */
export class HttpExchange {
  readonly #headers: Readonly<Record<string, string>>;
  readonly #response = Promise.withResolvers<Response>();
  readonly #gone = new AbortController();
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #keepAlive: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(headers: Readonly<Record<string, string>> = {}) {
    this.#headers = headers;
  }

  get response(): Promise<Response> {
    return this.#response.promise;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Sends something before the answer. False if there is nobody to take it. */
  send(message: RpcMessage): boolean {
    if (this.#ended) return false;
    this.open();
    if (!('id' in message) && (this.#stream?.desiredSize ?? 0) < 0) return false;
    return this.#write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  /** Makes this a stream, whatever comes. */
  open(): void {
    if (this.#stream || this.#ended) return;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#stream = controller;
        },
        cancel: () => this.leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: UNREAD_BYTES }),
    );
    this.#keepAlive = setInterval(() => this.#write(': keep-alive\n\n'), KEEP_ALIVE_MS).unref();
    this.#response.resolve(new Response(body, { status: 200, headers: { ...this.#headers, ...STREAM_HEADERS } }));
  }

  /** Ends with the answer, or with nothing if there is none to give. The status only counts while nothing was sent. */
  finish(answer: RpcMessage | undefined, status = 200): void {
    if (this.#ended) return;
    if (this.#stream) {
      if (answer) this.send(answer);
      this.#close();
      return;
    }
    this.#ended = true;
    const headers = answer ? { ...this.#headers, 'content-type': 'application/json' } : this.#headers;
    this.#response.resolve(new Response(answer ? JSON.stringify(answer) : null, { status, headers }));
  }

  /** The client has gone. */
  leave(): void {
    if (this.#ended) return;
    this.#gone.abort();
    this.#close();
    this.#response.resolve(new Response(null, { status: 499 }));
  }

  #close(): void {
    this.#ended = true;
    clearInterval(this.#keepAlive);
    try {
      this.#stream?.close();
    } catch {
      // The reader closed it first.
    }
  }

  #write(frame: string): boolean {
    try {
      this.#stream?.enqueue(encoder.encode(frame));
      return true;
    } catch {
      // The reader closed it between two frames; `cancel` tells the rest.
      return false;
    }
  }
}
