import type { Notice } from '../model/notice.ts';

/** A notice on its way to people, and where they can look at what it is about. */
export interface Delivery {
  readonly notice: Notice;
  /** Opens the question and never answers it. Absent where the gateway serves no pages. */
  readonly link?: string;
}

/**
 * Tells people by one channel. The same notice may be delivered more than once, under the same id: who is told must not
 * act on it twice. An adapter shows no text beyond the facts, and of those only what `isPlainName` lets through.
 */
export interface Notifier {
  /** Rejects with a `Fault` E_NOTIFY, which carries no secret and nothing that the other side said. */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
