import { Fault } from '../../base/fault.ts';
import type { EgressUrl } from '../../policy/egress/read-target.ts';
import type { EgressSession } from '../../runtime/egress/egress-session.ts';
import type { EgressRuntime } from './runtime.ts';

const PLACEHOLDER = /\{\{cred:([a-z][a-z0-9_-]{0,62})\}\}/gi;
const MOST = 4;
/** What would have an answer come in parts or packed, so that a secret in it could not be seen. */
const ANSWER_IN_PARTS = new Set(['range', 'if-range', 'accept-encoding', 'te']);

/** Headers with credentials in them. */
export interface Injected {
  readonly headers: string[];
  readonly names: readonly string[];
  /** Characters of the longest of them. */
  readonly longest: number;
}

/** Headers with credentials in them, or undefined where none is asked for. */
export async function injectCredentials(
  headers: readonly string[],
  url: EgressUrl,
  session: EgressSession,
  runtime: EgressRuntime,
): Promise<Injected | undefined> {
  const asked = findPlaceholders(headers);
  if (asked.size === 0) return undefined;
  if (asked.size > MOST) throw new Fault('E_CREDENTIAL_DENIED', `one request takes ${MOST} credentials at most`);
  const values = new Map<string, string>();
  for (const name of asked) values.set(name, (await runtime.leaseCredential(session, name, url)).reveal());
  const fill = (text: string) =>
    text.replace(PLACEHOLDER, (_whole, name: string) => values.get(name.toLowerCase()) ?? '');
  const filled: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = [headers[i], headers[i + 1]];
    if (ANSWER_IN_PARTS.has(name.toLowerCase())) continue;
    // Only where it can be meant: never in the host, and never in what is not a header's value.
    filled.push(name, i === 0 ? value : fillValue(value, fill));
  }
  filled.push('Accept-Encoding', 'identity');
  const longest = Math.max(...[...values.values()].map((value) => value.length));
  return { headers: filled, names: [...asked], longest };
}

/** `Basic` hides a placeholder behind its encoding: clients write it as a password. */
function fillValue(value: string, fill: (text: string) => string): string {
  const basic = decodeBasic(value);
  if (basic !== undefined && PLACEHOLDER.test(basic)) {
    PLACEHOLDER.lastIndex = 0;
    return `Basic ${Buffer.from(fill(basic)).toString('base64')}`;
  }
  PLACEHOLDER.lastIndex = 0;
  return fill(value);
}

/** Whether a request asks for a credential. */
export function hasPlaceholder(headers: readonly string[]): boolean {
  return findPlaceholders(headers).size > 0;
}

function findPlaceholders(headers: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (let i = 3; i < headers.length; i += 2) {
    const value = headers[i] ?? '';
    if (value.length < MIN_CHARS) continue;
    for (const text of [value, decodeBasic(value) ?? ''])
      if (text.includes('{{')) for (const [, name = ''] of text.matchAll(PLACEHOLDER)) names.add(name.toLowerCase());
  }
  return names;
}

const MIN_CHARS = 10;

function decodeBasic(value: string): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=]+)$/i.exec(value)?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}
