const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines. A line over `maxBytes` is either cut, its rest thrown away, or reported: then the
 * stream cannot be trusted any more and nothing further is handed out.
 */
export class LineReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: Buffer) => void;
  readonly #onOverflow: 'cut' | (() => void);
  #chunks: Buffer[] = [];
  #bytes = 0;
  #state: 'reading' | 'skipping' | 'stopped' = 'reading';

  constructor(maxBytes: number, onLine: (line: Buffer) => void, onOverflow: 'cut' | (() => void)) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
    this.#onOverflow = onOverflow;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      this.#gather(chunk.subarray(from, end));
      this.#finish();
      from = end + 1;
    }
    if (from < chunk.length) this.#gather(chunk.subarray(from));
  }

  #gather(part: Buffer): void {
    if (this.#state !== 'reading' || part.length === 0) return;
    this.#chunks.push(part);
    this.#bytes += part.length;
    if (this.#bytes <= this.#maxBytes) return;
    if (this.#onOverflow === 'cut') {
      this.#finish();
      this.#state = 'skipping';
    } else {
      this.#state = 'stopped';
      this.#chunks = [];
      this.#onOverflow();
    }
  }

  #finish(): void {
    if (this.#state === 'skipping') this.#state = 'reading';
    const [first, ...more] = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    if (this.#state === 'stopped' || first === undefined) return;
    const line = more.length === 0 ? first : Buffer.concat([first, ...more]);
    this.#onLine(line.length > this.#maxBytes ? line.subarray(0, this.#maxBytes) : line);
  }
}
