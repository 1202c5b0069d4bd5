import type { StoredEvent } from '../../../model/event.ts';
import { type LineFormat, printLine } from '../formats/print-line.ts';

/** “log audit”, of RFC 5424. */
const FACILITY = 13;
const [WARNING, NOTICE, INFORMATIONAL] = [4, 5, 6];
const APP_NAME = 'chaperone';
const NIL = '-';

export interface SyslogOrigin {
  /** Of this machine. */
  readonly host: string;
  readonly pid: number;
  readonly format: LineFormat;
}

/**
 * One event as a message of RFC 5424, without framing: the event's kind is its MSGID, and the message is one line of JSON.
 * Names that somebody chose are in the JSON alone, which escapes what could end a line.
 */
export function printSyslog(event: StoredEvent, { host, pid, format }: SyslogOrigin): string {
  const priority = FACILITY * 8 + severityOf(event);
  const time = new Date(Math.trunc(event.atMs)).toISOString();
  return `<${priority}>1 ${time} ${field(host, 255)} ${APP_NAME} ${pid} ${field(event.kind, 32)} ${NIL} ${printLine(event, format)}`;
}

/** Octet counting, of RFC 6587 and 5425: a message may hold anything. */
export function frameSyslog(message: string): Buffer {
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

function severityOf({ kind, body }: StoredEvent): number {
  if (kind === 'call.refused' && body['code'] !== 'E_APPROVAL_PENDING') return WARNING;
  return /^(history\.altered|tool\.drifted|answer\.withheld|isolation|incident|escape)/.test(kind)
    ? WARNING
    : kind === 'call.completed' && body['ok'] === false
      ? NOTICE
      : INFORMATIONAL;
}

/** A header field: visible ASCII, never empty. */
function field(text: string, maxChars: number): string {
  return text.replace(/[^!-~]/g, '').slice(0, maxChars) || NIL;
}
