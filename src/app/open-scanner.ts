import { createThreadScanner } from '../adapters/scanners/threads/create-thread-scanner.ts';
import type { Scanner } from '../ports/scanner.ts';

/** The scanner of this process. Its threads are started when something large comes. */
export function openScanner(): Scanner {
  return createThreadScanner();
}
