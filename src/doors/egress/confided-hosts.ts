const MOST_HOSTS = 4_096;

/**
 * Hosts that were sent a credential. What such a host says is looked at from then on, whoever asks and without any
 * credential: it may show later what it was sent before.
 */
export class ConfidedHosts {
  readonly #longest = new Map<string, number>();
  #longestOfAll = 0;

  /** That a host is about to be sent credentials, of which the longest has so many characters. */
  tell(host: string, longest: number): void {
    this.#longest.set(host, Math.max(longest, this.#longest.get(host) ?? 0));
    this.#longestOfAll = Math.max(longest, this.#longestOfAll);
  }

  /** Characters of the longest credential that a host may show; undefined for a host that was sent none. */
  longestOf(host: string): number | undefined {
    // More than anybody names: then every host counts as one.
    return this.#longest.size > MOST_HOSTS ? this.#longestOfAll : this.#longest.get(host);
  }
}
