/** Runs tasks one after another, in the order in which they were handed over. One that fails does not hold up the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.catch(() => {}).then(task);
    this.#last = done;
    return done;
  }

  /** Resolves when what was handed over by now is over, however it ended. */
  async finish(): Promise<void> {
    await this.#last.catch(() => {});
  }
}
