import type { JsonObject } from '../../base/json.ts';
import { fitText, recordFindings } from '../../runtime/record-parts.ts';
import type { Finding } from '../../scan/detector.ts';
import { redactJson } from '../../scan/redact.ts';

const HOST_CHARS = 262;
const PATH_CHARS = 512;

/** What is recorded of a request or tunnel. Never a query, a header or a body; of a path what is not a secret. */
export interface RequestRecord {
  readonly protocol: 'http' | 'https' | 'websocket' | 'connect' | 'socks';
  readonly host: string;
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  /** Which rule let it out, counted from 0 in `egress.allow`. */
  readonly rule?: number;
  readonly address?: string;
  readonly status?: number;
  readonly up?: number;
  readonly down?: number;
  readonly ms?: number;
  readonly findings?: readonly Finding[];
  /** Names of the credentials that the door put in. */
  readonly credentials?: readonly string[];
  /** Bytes of a body that nothing looked at. */
  readonly unseen?: number;
  /** Why it was refused, or how it ended before its time. */
  readonly reason?: string;
}

export function recordRequest(record: RequestRecord): JsonObject {
  const { host, path, findings, ms, reason, credentials, ...rest } = record;
  const told = redactJson({
    host: fitText(host, HOST_CHARS),
    ...(path === undefined ? {} : { path: fitText(path, PATH_CHARS) }),
    ...(reason === undefined ? {} : { reason: fitText(reason, PATH_CHARS) }),
  }).value;
  return {
    ...rest,
    ...told,
    ...(credentials === undefined ? {} : { credentials: [...credentials] }),
    ...(ms === undefined ? {} : { ms: Math.round(ms * 10) / 10 }),
    ...(findings === undefined || findings.length === 0 ? {} : { findings: recordFindings(findings) }),
  };
}
