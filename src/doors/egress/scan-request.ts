import type { ErrorCode } from '../../base/errors.ts';
import type { Finding } from '../../scan/detector.ts';
import { scanOutbound, stopsEgress } from '../../scan/scan-outbound.ts';
import type { CheckedRequest } from './check-request.ts';
import type { EgressRuntime } from './runtime.ts';

/** What was found in a request on its way out. */
export interface RequestScan {
  readonly findings: readonly Finding[];
  /** Why it must not leave, whatever its rule says of findings. */
  readonly code?: ErrorCode;
}

const MOST_REMEMBERED = 64;
const MOST_CHARS = 1_024;

/** Headers of a connection that were looked at before and had nothing in them: most are the same in every request. */
export class CleanHeaders {
  readonly #clean = new Set<string>();

  has(line: string): boolean {
    return this.#clean.has(line);
  }

  add(line: string): void {
    if (this.#clean.size < MOST_REMEMBERED && line.length <= MOST_CHARS) this.#clean.add(line);
  }
}

/** Where a request points is the door's own to check, by what a name leads to. */
const isOfTheDoor = ({ kind }: Finding) => /^(?:address|url)-/.test(kind);

/** Looks at the address of a request, before anything of it is recorded. */
export function scanAddress({ url }: CheckedRequest, clean: CleanHeaders, runtime: EgressRuntime): RequestScan {
  const address = `${url.tls ? 'https' : 'http'}://${url.host}:${url.port}${url.path}${url.query}`;
  if (clean.has(address)) return NOTHING;
  if (runtime.holdsSecret(address)) return { findings: [], code: 'E_EGRESS_SECRET' };
  const found = scanOutbound(address, { channel: 'request-url' }).filter((finding) => !isOfTheDoor(finding));
  if (found.length === 0) clean.add(address);
  return { findings: found.map((finding) => ({ ...finding, path: '/url' })) };
}

/** Looks at the headers of a request. */
export function scanHeaders(
  { url, headers }: CheckedRequest,
  clean: CleanHeaders,
  runtime: EgressRuntime,
): RequestScan {
  const findings: Finding[] = [];
  for (let i = 2; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    const line = `${url.host} ${name}:${value}`;
    if (clean.has(line)) continue;
    if (runtime.holdsSecret(value)) return { findings: [], code: 'E_EGRESS_SECRET' };
    const found = scanOutbound({ [name]: value }, { channel: 'headers', destination: url.host });
    if (found.length === 0) clean.add(line);
    for (const finding of found) findings.push({ ...finding, path: `/headers${finding.path ?? ''}` });
  }
  return findings.length === 0 ? NOTHING : { findings };
}

const NOTHING: RequestScan = { findings: [] };

/** Looks at a body. Rejects with a `Fault` E_SCAN where that was not possible. */
export async function scanBody(body: Buffer, host: string, runtime: EgressRuntime): Promise<RequestScan> {
  if (body.length === 0) return { findings: [] };
  const text = body.toString('utf8');
  if (runtime.holdsSecret(text)) return { findings: [], code: 'E_EGRESS_SECRET' };
  const findings = await runtime.scanBody(text, host);
  return { findings: findings.map((finding) => ({ ...finding, path: '/body' })) };
}

/** Whether findings stop a request under a rule that refuses them. */
export function areSerious(findings: readonly Finding[]): boolean {
  return findings.some((finding) => stopsEgress(finding));
}

/** A host as it can be written down: it is what a client made of it. */
export function tell(host: string, runtime: Pick<EgressRuntime, 'holdsSecret'>): string {
  return runtime.holdsSecret(host) ? '[secret]' : host;
}
