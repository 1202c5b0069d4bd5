import { type ExportedEvent, exportEvent } from '../../../contract/exported-event.ts';
import type { StoredEvent } from '../../../model/event.ts';

/** The attributes of CloudEvents 1.0 in its JSON format. `sequence` is its sequence extension: it sorts as text. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly sequence: string;
  /** Its distributed tracing extension: the span of the caller. */
  readonly traceparent?: string;
  readonly data: ExportedEvent;
}

const SEQUENCE_DIGITS = 16;

/** `source` and `id` together name an event for ever: a receiver that was told twice can tell. */
export function toCloudEvent(event: StoredEvent): CloudEvent {
  const data = exportEvent(event);
  const subject = data.call ?? data.run;
  return {
    specversion: '1.0',
    id: data.id,
    source: `/chaperone/${encodeURIComponent(data.tenant)}`,
    type: `chaperone.${data.kind}`,
    ...(subject === undefined ? {} : { subject }),
    time: data.time,
    datacontenttype: 'application/json',
    sequence: String(data.seq).padStart(SEQUENCE_DIGITS, '0'),
    ...(data.trace === undefined ? {} : { traceparent: `00-${data.trace.id}-${data.trace.parent}-01` }),
    data,
  };
}

export function printCloudEvents(events: readonly StoredEvent[]): string {
  return JSON.stringify(events.map(toCloudEvent));
}
