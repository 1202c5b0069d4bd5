import { isJsonObject, type JsonObject } from '../../base/json.ts';
import { looksLikeSecret } from './looks-like-secret.ts';
import type { Report } from './report.ts';

/** The schemes of each kind’s address. */
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  webhook: ['https:', 'http:'],
  otlp: ['https:', 'http:'],
  syslog: ['tls:', 'tcp:'],
};
/** The keys that only some kinds understand. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  format: ['syslog', 'file'],
  headers: ['webhook', 'otlp'],
  secret: ['webhook'],
  ca: ['syslog'],
};

/** What the schema cannot say about receivers of events: which keys go together, and where events would travel in the open. */
export function checkTelemetry(manifest: JsonObject, report: Report): void {
  const telemetry = manifest['telemetry'];
  if (!isJsonObject(telemetry) || !isJsonObject(telemetry['sinks'])) return;
  for (const [name, sink] of Object.entries(telemetry['sinks'])) {
    if (!isJsonObject(sink)) continue;
    const { kind, to } = sink;
    if (typeof kind !== 'string' || typeof to !== 'string') continue; // the schema says so
    const at = ['telemetry', 'sinks', name];
    for (const [key, kinds] of Object.entries(ONLY)) {
      if (sink[key] === undefined || kinds.includes(kind)) continue;
      report([...at, key], 'error', `\`${key}\` is for ${kinds.map((one) => `\`${one}\``).join(' and ')} only`);
    }
    const schemes = SCHEMES[kind];
    if (schemes !== undefined) checkAddress(to, kind, schemes, [...at, 'to'], report);
    if (kind === 'webhook' && sink['secret'] === undefined) {
      report(at, 'warning', 'what is sent is not signed, so the receiver cannot tell who sent it; add `secret`');
    }
  }
}

function checkAddress(
  to: string,
  kind: string,
  schemes: readonly string[],
  at: readonly string[],
  report: Report,
): void {
  const expected = schemes.map((scheme) => `\`${scheme}//\``).join(' or ');
  const url = URL.canParse(to) ? new URL(to) : undefined;
  if (url === undefined || !schemes.includes(url.protocol) || url.hostname === '') {
    report(at, 'error', `expected an address that begins with ${expected}`);
    return;
  }
  if (url.username !== '' || url.password !== '') {
    report(at, 'error', 'the address holds credentials; give them by reference in `headers`');
  }
  if ([...url.searchParams].some(([key, value]) => looksLikeSecret(value, key))) {
    report(at, 'warning', 'the address seems to hold a secret; give it by reference in `headers`');
  }
  const isOpen = url.protocol === 'http:' || url.protocol === 'tcp:';
  if (isOpen && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    report(at, 'error', `what is recorded would travel unencrypted to another machine; use \`${schemes[0]}//\``);
  }
  if (kind === 'syslog' && url.port === '' && url.protocol === 'tcp:') {
    report(at, 'warning', 'no port is given; 601 is used');
  }
}
