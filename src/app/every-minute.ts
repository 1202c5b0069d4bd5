import { toFault } from '../base/fault.ts';
import type { Notify } from './notice.ts';

const MINUTE_MS = 60_000;

/**
 * Does something every minute, for as long as anything else keeps the process alive. The operator is told when it fails,
 * which does not end it. Returns a function that does.
 */
export function everyMinute(task: () => Promise<unknown>, failed: string, notify: Notify): () => void {
  const timer = setInterval(() => {
    task().catch((error: unknown) => {
      notify({ kind: 'error', message: toFault(error, 'E_INTERNAL', failed).message });
    });
  }, MINUTE_MS).unref();
  return () => clearInterval(timer);
}
