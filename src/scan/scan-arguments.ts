import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Sink } from '../model/tool.ts';
import type { Finding } from './detector.ts';
import { type OutboundContext, scanOutbound, stopsEgress } from './scan-outbound.ts';
import { secretShapes } from './secret-shapes.ts';
import { findScatteredSecrets } from './split-secrets.ts';

/** What is known of a tool's arguments, and what a person decided about findings in them. Plain data: it goes to threads. */
export interface LeavingRules {
  /** What each argument carries, by its dotted path. */
  readonly sinks: readonly Pick<Sink, 'path' | 'carries'>[];
  /** Kinds of finding, or names of detectors, that may leave by this tool; that are asked about; that never leave. */
  readonly allow: readonly string[];
  readonly ask: readonly string[];
  readonly deny: readonly string[];
  /** Arguments, dotted, for which a person wrote which hosts are meant: an address among these is one, wherever it points. */
  readonly hostsDeclared: readonly string[];
  /** Arguments, dotted, that a person said are shell text: a command in one is what it is for. */
  readonly shellMeant: readonly string[];
}

/** A finding in arguments, and what it means for a call by which something leaves. */
export interface LeavingFinding extends Finding {
  readonly path: string;
  readonly callsFor: 'nothing' | 'ask' | 'deny';
  /** Whether it does so whatever else is known of the call: a harmful command, or part of a request. */
  readonly wherever: boolean;
}

const MOST_FINDINGS = 400;

/**
 * Looks at arguments as what each of them is: the address of a request, its headers, a command, content. A high finding
 * is reason to ask; personal data is so only where a person said it. Never a reason to let anything pass.
 */
export function scanArguments(args: JsonObject, rules: LeavingRules): readonly LeavingFinding[] {
  const found: LeavingFinding[] = [];
  const texts: string[] = [];
  const host = findHost(args);
  let left: number = limits.scanChars;
  let harmless = 0;
  let serious = 0;
  const add = (finding: Finding, path: string, name: string, isRequest = false) => {
    const callsFor = judge(finding, name, rules);
    // A thousand harmless ones must not hide the one that is not.
    if (callsFor === 'nothing' ? harmless++ < MOST_FINDINGS : serious++ < MOST_FINDINGS)
      found.push({ ...finding, path, callsFor, wherever: isRequest || isDeed(finding) });
  };
  const look = (value: JsonValue, context: OutboundContext, path: string, name: string) => {
    const isRequest = context.channel === 'request-url' || context.channel === 'headers';
    for (const finding of scanOutbound(value, context)) add(finding, `${path}${finding.path ?? ''}`, name, isRequest);
  };
  const walk = (value: JsonValue, path: string, name: string): void => {
    if (typeof value === 'string') {
      const part = value.length > left ? value.slice(0, left) : value;
      if (part.length < value.length) add({ ...NOT_SCANNED, start: part.length, end: value.length }, path, name);
      left -= part.length;
      if (part === '') return;
      texts.push(part);
      look(part, { channel: channelOf(part, name, rules) }, path, name);
    } else if (Array.isArray(value)) {
      for (const [index, one] of value.entries()) walk(one, `${path}/${index}`, `${name}[]`);
    } else if (isJsonObject(value)) {
      if (HEADERS.test(lastName(name)) && Object.values(value).every((one) => typeof one === 'string')) {
        look(value, { channel: 'headers', ...(host === undefined ? {} : { destination: host }) }, path, name);
        return;
      }
      for (const [member, one] of Object.entries(value)) {
        const inner = `${path}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        // Names of the first level are the schema's; of others, whoever wrote the arguments chose them.
        if (path !== '') look(member, { channel: 'body' }, `${inner}#`, name);
        walk(one, inner, name === '' ? member : `${name}.${member}`);
      }
    }
  };
  walk(args, '', '');
  if (texts.length > 1) for (const finding of findScatteredSecrets(texts, secretShapes)) add(finding, '', '');
  return found;
}

const NOT_SCANNED = { detector: 'outbound', kind: 'not-scanned', severity: 'high', confidence: 'high' } as const;

const HEADERS = /^(?:http[_-]?|request[_-]?)?headers?$/i;
const ADDRESS = /^[a-z][a-z0-9+.-]{1,20}:\/{0,3}[^\s]{1,8192}$/i;
const COMMAND = /^(?:commands?|cmd|script|shell|bash|args|argv|command_?line)$/i;

/** What a text is, by what its argument carries where that is known, else by its name and looks. */
function channelOf(text: string, name: string, { sinks }: LeavingRules): OutboundContext['channel'] {
  const carries = sinks.find(({ path }) => path === name)?.carries;
  if (COMMAND.test(lastName(name))) return 'arguments';
  if (carries !== 'data' && ADDRESS.test(text)) return 'request-url';
  return 'body';
}

function lastName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).replaceAll('[]', '');
}

/** The host the call goes to, if one of its arguments is an address. */
function findHost(args: JsonObject): string | undefined {
  for (const value of Object.values(args)) {
    if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) continue;
    return new URL(value).hostname;
  }
  return undefined;
}

/** Something that would be done, not told: a command, a request to an address inside. */
function isDeed({ detector, kind }: Finding): boolean {
  return detector === 'shell-shapes' || /^(?:address|url)-/.test(kind);
}

/** What a person said decides first, the strictest of it before the rest. */
function judge(finding: Finding, name: string, rules: LeavingRules): LeavingFinding['callsFor'] {
  const isOf = (names: readonly string[]) => names.includes(finding.kind) || names.includes(finding.detector);
  if (isOf(rules.deny)) return 'deny';
  if (isOf(rules.ask)) return 'ask';
  if (isOf(rules.allow) || finding.detector === 'personal-data' || !stopsEgress(finding)) return 'nothing';
  if (finding.detector === 'shell-shapes' && rules.shellMeant.includes(name)) return 'nothing';
  const isPlace = /^(?:address|url)-/.test(finding.kind);
  return isPlace && rules.hostsDeclared.includes(name) ? 'nothing' : 'ask';
}
