import { Fault } from '../../../base/fault.ts';

/** Lets a few through at a time and keeps the others waiting in line, up to a bound. */
export class Turns {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Runs a task when its turn comes. Rejects as the task does, or with a `Fault` E_SANDBOX where too many wait. */
  async take<T>(task: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting)
        throw new Fault('E_SANDBOX', `${this.#mostWaiting} sandboxes wait to be set up already`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#taken++;
    }
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken--;
      else next(); // the turn is handed on
    }
  }
}
