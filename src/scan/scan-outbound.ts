import type { JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Detector, Finding } from './detector.ts';
import { injectedText } from './injected-text.ts';
import { listTexts } from './list-texts.ts';
import { personalData } from './personal-data.ts';
import { isPlainWord, isShortToken } from './plain-word.ts';
import { secretShapes } from './secret-shapes.ts';
import { shellShapes } from './shell-shapes.ts';
import { findScatteredSecrets, findSplitSecrets } from './split-secrets.ts';
import { unfold } from './unfold.ts';
import { findAddressShapes, findCarriedData, findShownLinks, findUrls } from './url-shapes.ts';
import { walletKeys } from './wallet-keys.ts';

/** How a value leaves. What counts depends on it: an internal address is a fault in a request and a fact in a text. */
export interface OutboundContext {
  /**
   * `request-url`: the address of a request; `headers`: an object of a request's headers; `body`: what is sent;
   * `arguments`: arguments of a tool; `message`: text for a person or another agent, the final answer included.
   */
  readonly channel: 'request-url' | 'headers' | 'body' | 'arguments' | 'message';
  /** Host the value goes to, where it is known: an issuer's own key may go to the issuer. */
  readonly destination?: string;
}

/**
 * Looks at what is about to leave, through all layers of encoding: credentials, split and encoded ones too; personal
 * and payment data; keys of wallets; data carried by addresses; requests to internal addresses; disguised and harmful
 * commands; instructions for another model. A text longer than `limits.scanChars` is itself a finding, `not-scanned`.
 * Which findings stop the value is decided with `stopsEgress`.
 */
export function scanOutbound(value: JsonValue, context: OutboundContext): readonly Finding[] {
  const found: Finding[] = [];
  const texts = listTexts(value);
  let left: number = limits.scanChars;
  for (const { text, path } of texts) {
    const own = scanOne(text.slice(0, left), context, path);
    found.push(...own.map((finding) => ({ ...finding, path })));
    if (text.length > left) found.push({ ...NOT_SCANNED, path, start: left, end: text.length });
    left = Math.max(0, left - text.length);
  }
  const values = texts.filter(({ path }) => !path.endsWith('#')).map(({ text }) => text);
  if (values.length > 1)
    found.push(...findScatteredSecrets(values, secretShapes).map((finding) => ({ ...finding, path: '' })));
  return found;
}

/** Whether a finding, by itself, is reason not to let a value out. `except` names kinds that are allowed to. */
export function stopsEgress(finding: Finding, except: ReadonlySet<string> = new Set()): boolean {
  return finding.severity === 'high' && finding.confidence !== 'low' && !except.has(finding.kind);
}

const NOT_SCANNED = { detector: 'outbound', kind: 'not-scanned', severity: 'high', confidence: 'high' } as const;
const DETECTORS: readonly Detector[] = [secretShapes, personalData, walletKeys];

function scanOne(text: string, context: OutboundContext, path: string): readonly Finding[] {
  if (isPlainWord(text)) return [];
  const found = new Map<string, Finding>();
  const add = (finding: Finding) => {
    if (isExpected(finding, text, context, path)) return;
    const key = `${finding.kind}\n${finding.start}\n${finding.end}`;
    // What is low must not use up the room of what is high.
    if (found.size < (finding.severity === 'high' ? 2 : 1) * MAX_FINDINGS && !found.has(key)) found.set(key, finding);
  };
  if (isShortToken(text)) {
    for (const detector of DETECTORS) for (const finding of detector.detect(text)) add(finding);
    return [...found.values()];
  }
  const { texts, complete } = unfold(text);
  for (const one of texts) {
    const place = (finding: Finding) => add({ ...finding, ...one.outerSpan(finding.start, finding.end) });
    for (const detector of DETECTORS) for (const finding of detector.detect(one.text)) place(finding);
    for (const finding of findSplitSecrets(one.text, secretShapes)) place(finding);
    for (const finding of findUrlShapes(one.text, context)) place(finding);
    if (context.channel === 'arguments') for (const finding of shellShapes.detect(one.text)) place(finding);
    if (context.channel !== 'request-url' && context.channel !== 'headers') {
      for (const finding of injectedText.detect(one.text)) if (finding.confidence === 'high') place(finding);
    }
  }
  if (!complete) add({ ...NOT_SCANNED, kind: 'too-many-layers', severity: 'medium', start: 0, end: text.length });
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

const MAX_FINDINGS = 1_000;

function* findUrlShapes(text: string, { channel }: OutboundContext): Generator<Finding> {
  const isRequest = channel === 'request-url' || channel === 'arguments';
  for (const { url, start, end } of findUrls(text)) {
    const shapes = [...(isRequest ? findAddressShapes(url) : []), ...findCarriedData(url)];
    for (const shape of shapes) yield { detector: 'url-shapes', ...shape, start, end };
  }
  if (isRequest) return;
  for (const { start, end, isImage } of findShownLinks(text)) {
    const kind = isImage ? 'image-with-data' : 'link-with-data';
    yield { detector: 'url-shapes', kind, start, end, severity: isImage ? 'high' : 'medium', confidence: 'medium' };
  }
}

/** Hosts that issue credentials, and may be shown their own. */
const ISSUER_HOSTS: Readonly<Record<string, RegExp>> = {
  'github-token': /(?:^|\.)github(?:usercontent)?\.com$/,
  'gitlab-token': /(?:^|\.)gitlab\.com$/,
  'slack-token': /(?:^|\.)slack\.com$/,
  'stripe-key': /(?:^|\.)stripe\.com$/,
  'google-api-key': /(?:^|\.)googleapis\.com$/,
  'google-oauth-secret': /(?:^|\.)(?:googleapis|google)\.com$/,
  'anthropic-key': /(?:^|\.)anthropic\.com$/,
  'openai-key': /(?:^|\.)openai\.com$/,
  'npm-token': /(?:^|\.)npmjs\.(?:org|com)$/,
  'pypi-token': /(?:^|\.)pypi\.org$/,
  'sendgrid-key': /(?:^|\.)sendgrid\.com$/,
  'hugging-face-token': /(?:^|\.)huggingface\.co$/,
  'aws-access-key-id': /(?:^|\.)amazonaws\.com$/,
};
/** Headers that are there to carry a credential; one whose issuer cannot be told from its looks may stand in them. */
const CREDENTIAL_HEADERS =
  /^\/(?:authorization|proxy-authorization|cookie|x-api-key|api-key|x-auth-token|x-csrf-token)$/i;
const NAMELESS_CREDENTIALS = new Set(['bearer-token', 'named-secret', 'json-web-token']);

function isExpected(finding: Finding, text: string, { channel, destination }: OutboundContext, path: string): boolean {
  if (channel !== 'headers') return false;
  const issuer = ISSUER_HOSTS[finding.kind];
  if (destination !== undefined && issuer?.test(destination.toLowerCase())) return true;
  return CREDENTIAL_HEADERS.test(path) && NAMELESS_CREDENTIALS.has(finding.kind) && text.length < 8_192;
}
