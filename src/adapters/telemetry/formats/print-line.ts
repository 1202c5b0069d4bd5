import { exportEvent } from '../../../contract/exported-event.ts';
import type { StoredEvent } from '../../../model/event.ts';
import { toOcsf } from './to-ocsf.ts';

/** The forms in which one event is written as one line of JSON. */
export type LineFormat = 'json' | 'ocsf';

export function printLine(event: StoredEvent, format: LineFormat): string {
  return JSON.stringify(format === 'ocsf' ? toOcsf(event) : exportEvent(event));
}
