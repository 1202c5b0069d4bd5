import type { GovernedTool } from '../model/tool.ts';
import { keyOfValue } from './atoms.ts';
import { type Authority, grantAuthority } from './grant-authority.ts';
import { holdsOnlyParties } from './holds-only-parties.ts';
import { judgeLeaf } from './judge-leaf.ts';
import { outwardVerbs } from './lexicon.ts';
import type { Leaf } from './list-leaves.ts';
import { readToolWords } from './read-tool-words.ts';
import { COMPOSED, type Finding, type RunView, trusted } from './run-view.ts';

/** What was found out about every value of a call, and whether the prompt asks for the call. */
export interface Judged {
  /** Absent for a read: nobody has to ask for those. */
  readonly authority?: Authority;
  readonly findings: ReadonlyMap<Leaf, Finding>;
}

/** Of a read only where it goes is judged: what it looks for is the model's to choose. */
export function judgeRead(leaves: readonly Leaf[], view: RunView): Judged {
  const findings = new Map<Leaf, Finding>();
  for (const leaf of leaves) {
    const isJudged = leaf.carries === 'destination' || leaf.sink?.declared === true;
    findings.set(leaf, isJudged ? judgeLeaf(leaf, view) : trusted('the model', { origins: [COMPOSED] }));
  }
  return { findings };
}

/** Authority may rest on a value that the prompt names, and some values on authority: judged twice where it matters. */
export function judgeWrite(tool: GovernedTool, leaves: readonly Leaf[], view: RunView): Judged {
  const findings = judgeLeaves(leaves, view);
  if (view.authority.kind === 'granted') return { authority: view.authority, findings };
  const linked = new Set<number>();
  for (const [leaf, finding] of findings) {
    if (finding.trust !== 'trusted' || !choosesObject(leaf, view)) continue;
    for (const sentence of finding.sentences ?? []) linked.add(sentence);
  }
  if (linked.size === 0) return { authority: view.authority, findings };
  const authority = grantAuthority(tool, view.task, linked, view.delegated.stems);
  return { authority, findings: judgeLeaves(leaves, { ...view, authority }) };
}

/** It says who or what the call is about, as `service` of `restart_service` does; content that the prompt holds does not. */
function choosesObject(leaf: Leaf, { objects, index }: RunView): boolean {
  if (leaf.carries !== 'data' && leaf.carries !== undefined) return true;
  if (leaf.words.some((word) => objects.includes(word))) return true;
  // `mrn` of `amend_patient` is how a patient is told from others.
  return index
    .find(keyOfValue(leaf.value))
    .some(
      ({ record, inProse }) =>
        !inProse && record.kinds.some((kind) => objects.includes(kind)) && !MARKS.test(String(leaf.value)),
    );
}

/** A sentence or a name tells nothing from others. */
const MARKS = /\s|^\p{L}+$/u;

function judgeLeaves(leaves: readonly Leaf[], view: RunView): Map<Leaf, Finding> {
  const outward = isOutward(view.tool, leaves);
  const findings = new Map<Leaf, Finding>();
  for (const leaf of leaves) {
    const finding = isLabel(leaf, leaves) ? trusted('content', { origins: [COMPOSED] }) : judgeLeaf(leaf, view);
    const harmless = finding.trust !== 'trusted' && leaf.carries === undefined && !outward;
    findings.set(leaf, harmless ? { ...finding, trust: 'trusted' } : finding);
  }
  return findings;
}

/** `{ name, address }`: where an address says who gets it, the name beside it only says how it is shown. */
function isLabel({ pointer, words, carries, sink }: Leaf, leaves: readonly Leaf[]): boolean {
  const above = pointer.slice(0, pointer.lastIndexOf('/') + 1);
  if (above === '/' || words.at(-1) !== 'name' || carries === 'destination' || sink?.declared === true) return false;
  return leaves.some(
    (other) =>
      other.pointer !== pointer &&
      other.pointer.startsWith(above) &&
      !other.pointer.slice(above.length).includes('/') &&
      other.carries === 'recipient' &&
      typeof other.value === 'string' &&
      holdsOnlyParties(other.value),
  );
}

/**
 * Whether something of this call leaves to others: it has a recipient or a destination, it is a lookup in an open world,
 * or its verb tells or publishes.
 */
export function isOutward(tool: GovernedTool, leaves: readonly Leaf[]): boolean {
  return (
    leaves.some(
      ({ carries }) =>
        carries === 'recipient' || carries === 'destination' || (carries !== undefined && tool.effect === 'read'),
    ) || outwardVerbs.has(readToolWords(tool.tool).verb)
  );
}

/**
 * Whether it leaves the organisation: everybody it reaches is known, and somebody is outside. Who cannot be told from an
 * address is outside.
 */
export function leavesOrganisation(
  tool: GovernedTool,
  leaves: readonly Leaf[],
  findings: ReadonlyMap<Leaf, Finding>,
  domains: readonly string[],
): boolean {
  if (!isOutward(tool, leaves)) return false;
  const reached = leaves.filter((leaf) => isAudience(tool, leaf));
  if (reached.length === 0 || domains.length === 0) return true;
  return !reached.every((leaf) => {
    const value = findings.get(leaf)?.canonical ?? leaf.value;
    return typeof value === 'string' && hostsOf(value).every((host) => isInside(host, domains));
  });
}

/** The argument that says who gets it: the declared one, else every recipient and destination. */
export function isAudience(tool: GovernedTool, leaf: Leaf): boolean {
  if (tool.audience === undefined) return leaf.carries === 'recipient' || leaf.carries === 'destination';
  const path = leaf.path.replaceAll('[]', '');
  const audience = tool.audience.replaceAll('[]', '');
  return path === audience || path.startsWith(`${audience}.`);
}

/** Hosts of the addresses and URLs of a text; one nobody is in, where there is none. */
function hostsOf(text: string): string[] {
  const parts = text.split(/[\s,;<>]+/).filter((part) => part !== '');
  return parts.length === 0 ? [''] : parts.map(hostOf);
}

function hostOf(part: string): string {
  const address = /^[^@\s/]+@([^@\s/]+)$/.exec(part)?.[1];
  if (address !== undefined) return address.toLowerCase();
  return URL.canParse(part) ? new URL(part).hostname.toLowerCase() : '';
}

const isInside = (host: string, domains: readonly string[]): boolean =>
  domains.some((domain) => (domain.startsWith('*.') ? host.endsWith(domain.slice(1)) : host === domain));
