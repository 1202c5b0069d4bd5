import type { ErrorCode } from '../../base/errors.ts';
import type { EgressConfig, EgressRuleConfig, EgressSubject } from '../../model/egress.ts';
import { type Label, secrecyExceeds } from '../../model/label.ts';
import { compileGlobs, type GlobList } from '../arguments/match-glob.ts';
import type { IpAddress } from '../cedar/ip-address.ts';
import { nameSpecialAddress, readAddress, readRange } from './address-range.ts';
import { isMetadataAddress, seeksMetadata } from './metadata-service.ts';
import { type EgressTarget, type EgressUrl, isPlainPath } from './read-target.ts';

/** Why something does not leave: a code, and one sentence for the people who run the gateway. */
export interface EgressRefusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
}

/** A way out that fits. `index` counts the rules of the manifest from 0. */
export interface EgressWay {
  readonly ok: true;
  readonly index: number;
  readonly rule: EgressRule;
  /** The tunnel may carry HTTP in the clear and nothing else: each request of it is decided by itself. */
  readonly requestsOnly?: true;
}

/** A rule made ready to decide with. */
export interface EgressRule extends Pick<EgressRuleConfig, 'raw' | 'inspect' | 'findings' | 'upload' | 'download'> {
  /** The addresses it leads to, where each was written out: no name is resolved then. */
  readonly pinned: readonly string[] | undefined;
  /** Why it does not lead to an address, or undefined. */
  refuseAddress(address: string): string | undefined;
}

interface Compiled extends EgressRule {
  /** As it is written, in the form that targets have. */
  readonly host: string;
  readonly secrecy: EgressRuleConfig['secrecy'];
  readonly methods: ReadonlySet<string> | undefined;
  readonly paths: GlobList | undefined;
  isFor(subject: EgressSubject): boolean;
  leadsTo(target: EgressTarget): boolean;
}

const HTTP_PORT = 80;

const refuse = (code: ErrorCode, message: string): EgressRefusal => ({ ok: false, code, message });

/** What leaves, decided by the manifest's `egress` section: nothing that no rule lets out, and a denial wins. */
export class EgressPolicy {
  readonly #rules: readonly Compiled[];
  readonly #denials: readonly Pick<Compiled, 'isFor' | 'leadsTo'>[];

  constructor(config: EgressConfig) {
    this.#rules = config.allow.map(compileRule);
    this.#denials = config.deny.map((denial) => ({ isFor: subjectTest(denial), leadsTo: targetTest(denial) }));
  }

  /** Decides a tunnel, whose content is not seen unless the way says `inspect`. */
  decideTunnel(subject: EgressSubject, target: EgressTarget, label: Label): EgressWay | EgressRefusal {
    const found = this.#fitting(subject, target);
    if (!found.ok) return found;
    const fitting = found.rules;
    // Where one rule wants to look, another that does not mind must not stand in its way.
    const inspecting = fitting.find(({ inspect }) => inspect);
    if (inspecting !== undefined) return this.#way(inspecting);
    const open = fitting.filter(({ methods, paths }) => methods === undefined && paths === undefined);
    const [way] = open.filter((rule) => !secrecyExceeds(label, rule.secrecy));
    if (way !== undefined) return this.#way(way);
    if (open.length > 0) return tooSecret(label);
    const [narrow] = fitting;
    if (target.port === HTTP_PORT && narrow !== undefined) return { ...this.#way(narrow), requestsOnly: true };
    return refuse('E_EGRESS_DENIED', 'its rule names methods or paths, which a tunnel does not show without `inspect`');
  }

  /** Decides one request whose method and path are seen. */
  decideRequest(subject: EgressSubject, method: string, url: EgressUrl, label: Label): EgressWay | EgressRefusal {
    const found = this.#fitting(subject, url);
    if (!found.ok) return found;
    const named = found.rules.filter(
      ({ methods, paths }) =>
        (methods === undefined || methods.has(method)) &&
        (paths === undefined || (isPlainPath(url.path) && paths.permits(url.path))),
    );
    if (named.length === 0) return refuse('E_EGRESS_DENIED', 'no rule lets this method and path out to this host');
    const way = named.find((rule) => !secrecyExceeds(label, rule.secrecy));
    return way === undefined ? tooSecret(label) : this.#way(way);
  }

  #fitting(
    subject: EgressSubject,
    target: EgressTarget,
  ): { readonly ok: true; readonly rules: readonly Compiled[] } | EgressRefusal {
    // Nobody gets there by chance, so it is told as what it is, whether another rule would have refused it or none.
    if (seeksMetadata(target.host) && !this.#rules.some((rule) => rule.host === target.host))
      return refuse('E_EGRESS_ADDRESS', 'it is a metadata service, and no rule names it');
    if (this.#denials.some((denial) => denial.isFor(subject) && denial.leadsTo(target)))
      return refuse('E_EGRESS_DENIED', '`egress.deny` names this host');
    const rules = this.#rules.filter((rule) => rule.isFor(subject) && rule.leadsTo(target));
    if (rules.length === 0) return refuse('E_EGRESS_DENIED', 'no rule lets anything out to this host and port');
    return { ok: true, rules };
  }

  #way(rule: Compiled): EgressWay {
    return { ok: true, index: this.#rules.indexOf(rule), rule };
  }
}

function tooSecret({ secrecy }: Label): EgressRefusal {
  return refuse('E_TAINT_EGRESS', `the run has read what is ${secrecy}, and no rule lets that out to this host`);
}

function compileRule(config: EgressRuleConfig): Compiled {
  const ranges = config.addresses?.flatMap((text) => readRange(text) ?? []);
  const isPinned = config.addresses?.every((text) => readAddress(text) !== undefined) === true;
  const { raw, inspect, findings, upload, download, secrecy, methods, paths } = config;
  return {
    ...{ raw, inspect, findings, upload, download, secrecy },
    host: canonicalHost(config.host),
    methods: methods === undefined ? undefined : new Set(methods),
    paths: paths === undefined ? undefined : compileGlobs(paths),
    pinned: isPinned ? config.addresses : undefined,
    isFor: subjectTest(config),
    leadsTo: targetTest(config),
    refuseAddress: (text) => refuseAddress(text, ranges),
  };
}

function refuseAddress(text: string, ranges: readonly IpAddress[] | undefined): string | undefined {
  const address = readAddress(text);
  if (address === undefined) return 'it is not an address';
  if (ranges !== undefined) {
    const named = ranges.filter((range) => address.isInRange(range));
    if (named.length === 0) return 'it is not among the rule’s `addresses`';
    // A range that happens to hold one does not mean it.
    const isMeant = !isMetadataAddress(address) || named.some(({ prefix }) => prefix === address.prefix);
    return isMeant ? undefined : 'it is a metadata service, which the rule’s `addresses` do not name by itself';
  }
  const special = nameSpecialAddress(address);
  return special === undefined ? undefined : `it is ${special}`;
}

type Scope = Pick<EgressRuleConfig, 'agents' | 'tools'> & { readonly servers?: readonly string[] | undefined };

/** Whom a rule is for. What a rule names, a subject must have: one without a tool is not any tool. */
function subjectTest({ agents, tools, servers }: Scope): (subject: EgressSubject) => boolean {
  return ({ agent, tool, server }) => {
    if (agents !== undefined && (agent === undefined || !agents.includes(agent))) return false;
    if (tools !== undefined || servers !== undefined) {
      const byTool = tool !== undefined && tools?.some((pattern) => fitsTool(pattern, tool)) === true;
      return byTool || (server !== undefined && servers?.includes(server) === true);
    }
    return true;
  };
}

function fitsTool(pattern: string, tool: string): boolean {
  return pattern.endsWith('/*') ? tool.startsWith(pattern.slice(0, -1)) : pattern === tool;
}

function targetTest(config: {
  readonly host: string;
  readonly ports?: readonly number[] | undefined;
}): (target: EgressTarget) => boolean {
  const { host, ports } = config;
  const isOfPort = (port: number) => ports === undefined || ports.includes(port);
  if (host === '*') return ({ port }) => isOfPort(port);
  const isBelow = host.startsWith('*.');
  const name = canonicalHost(isBelow ? host.slice(2) : host);
  return (target) => isOfPort(target.port) && (isBelow ? target.host.endsWith(`.${name}`) : target.host === name);
}

function canonicalHost(host: string): string {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : host.toLowerCase();
}
