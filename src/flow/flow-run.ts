import type { ErrorCode } from '../base/errors.ts';
import { canonicalJson, type JsonObject } from '../base/json.ts';
import type { Reason } from '../model/decision.ts';
import { joinLabels, type Label, leastLabel } from '../model/label.ts';
import type { PromptPart } from '../model/prompt.ts';
import type { ToolResult } from '../model/result.ts';
import type { ToolName } from '../model/tool.ts';
import { keyOfText, keyOfValue } from './atoms.ts';
import { Delegated } from './collect-delegated.ts';
import { cutPasted } from './cut-pasted.ts';
import { DeclaredPlan, type PlanStep } from './declared-plan.ts';
import { type FlowTool, readToolWords } from './flow-tool.ts';
import { escapePattern } from './fold-text.ts';
import { type Authority, grantAuthority, isKnownChange } from './grant-authority.ts';
import { isOutward, judgeLeaf } from './judge-leaf.ts';
import { isAuthorField } from './judge-party.ts';
import { HINTED, NAMED } from './link-record.ts';
import { type Leaf, listLeaves, replaceLeaves } from './list-leaves.ts';
import { parseText } from './parse-text.ts';
import { indexLimits, ProvenanceIndex, type SeenRecord } from './provenance-index.ts';
import { type RecordShape, readProse, readRecords } from './read-records.ts';
import { readTask, type Task } from './read-task.ts';
import { type Release, releaseText } from './release-text.ts';
import { listTexts, pastedTool } from './result-texts.ts';
import { type Finding, type RunView, trusted } from './run-view.ts';
import { SecretValues } from './secret-values.ts';

export interface OpenFlow {
  /** The attested prompt. Parts of any kind but `user` are read as untrusted content. Empty: nothing was attested. */
  readonly prompt: readonly PromptPart[];
  readonly tools: readonly FlowTool[];
  /** Attested facts about the user: address, name, account. They are the user's own identity. */
  readonly userAttributes?: Readonly<Record<string, string | number | boolean>>;
  /** `kind#id` of objects that agents wrote in earlier runs with content nobody vouched for. */
  readonly remembered?: Iterable<string>;
  /** Texts that must never leave: system prompts and the like. */
  readonly confidential?: readonly string[];
}

/** What flow says of one call. It only narrows: `permit` means that flow has no objection. */
export interface Assessment {
  readonly verdict: 'permit' | 'ask' | 'deny';
  /** One for each objection; one `PERMITTED` on a permit. */
  readonly reasons: readonly Reason[];
  /** What must be executed: the values that were matched, in their canonical form. */
  readonly arguments: JsonObject;
  /** By JSON pointer of each argument value. */
  readonly labels: ReadonlyMap<string, Label>;
  readonly authority: Authority['kind'] | 'read';
}

export interface ObserveOptions {
  /** How secret the result is, where that is known better than by the tool's declaration. */
  readonly secrecy?: Label['secrecy'];
  /** A person approved this very call: what it created is the user's own. */
  readonly approved?: boolean;
}

const RANK = { permit: 0, ask: 1, deny: 2 } as const;

/** One run: what the user asked for, everything read since, and what follows for the next call. */
export class FlowRun {
  readonly task: Task;
  readonly #index: ProvenanceIndex;
  readonly #tools = new Map<ToolName, FlowTool>();
  readonly #own: ReadonlySet<string>;
  readonly #created = new Set<string>();
  readonly #tainted: Set<string>;
  readonly #delegated = new Delegated();
  readonly #secrets: SecretValues;
  readonly #permits = new Map<string, Label['integrity']>();
  readonly #linked: SeenRecord[] = [];
  readonly #granted = new WeakMap<FlowTool, { readonly stems: number; readonly authority: Authority }>();
  #plan: DeclaredPlan | undefined;
  #label: Label = leastLabel;
  #calls = 0;

  constructor(open: OpenFlow) {
    this.task = readTask(open.prompt);
    this.#index = new ProvenanceIndex(this.task);
    for (const tool of open.tools) this.#tools.set(tool.name, tool);
    this.#own = new Set(
      Object.values(open.userAttributes ?? {}).flatMap((value) => [keyOfValue(value), keyOfText(String(value))]),
    );
    this.#tainted = new Set(open.remembered ?? []);
    this.#secrets = new SecretValues(open.confidential ?? []);
    const { pasted } = cutPasted(open.prompt);
    if (pasted.length > 0) this.#taint('prompt.quote');
    for (const text of pasted)
      this.#addShape(readProse(text), pastedTool, { call: 0, ownWrite: false, byOutsider: true, pointed: false });
  }

  /** The join of everything read so far. */
  get label(): Label {
    return this.#label;
  }

  /** Objects whose content agents wrote without anybody vouching for it, for `remembered` of later runs. */
  get written(): ReadonlySet<string> {
    return this.#tainted;
  }

  /**
   * Commits the run to these calls, in this order. Accepted only before anything untrusted was read; calls outside of it
   * are asked about from then on.
   */
  declarePlan(steps: readonly PlanStep[]): { readonly accepted: boolean; readonly message: string } {
    if (this.#label.integrity === 'untrusted')
      return { accepted: false, message: 'something untrusted was read already' };
    if (this.#plan) return { accepted: false, message: 'this run has a plan already' };
    const unknown = steps.find((step) => !this.#tools.has(step.tool));
    if (unknown) return { accepted: false, message: `\`${unknown.tool}\` is no tool of this run` };
    this.#plan = new DeclaredPlan(steps);
    return { accepted: true, message: `${steps.length} steps` };
  }

  /** Judges one call. Changes nothing but what `observe` needs to recognise the call by. */
  assess(tool: FlowTool, args: JsonObject): Assessment {
    const leaves = listLeaves(tool, args);
    const late = this.#tools.get(tool.name)?.pin !== tool.pin;
    const objections: Reason[] = [];
    const { authority, findings } =
      tool.effect === 'read' ? this.#judgeRead(tool, leaves) : this.#judgeWrite(tool, leaves);
    let verdict: Assessment['verdict'] = 'permit';
    const worsen = (to: Assessment['verdict'], code: ErrorCode, message: string, path?: string): void => {
      if (RANK[to] > RANK[verdict]) verdict = to;
      objections.push({ code, message, ...(path !== undefined && { path }) });
    };
    if (late && tool.effect === 'write')
      worsen('ask', 'E_TASK_UNASKED', 'the tool appeared or changed after the run began');
    if (authority?.kind === 'refused') worsen('deny', 'E_TASK_UNASKED', 'the prompt asks for no such change');
    if (authority?.kind === 'unasked') worsen('ask', 'E_TASK_UNASKED', 'no words of the prompt ask for this');
    const changes = new Map<string, string>();
    const labels = new Map<string, Label>();
    for (const [leaf, finding] of findings) {
      labels.set(leaf.pointer, this.#labelOf(finding));
      if (finding.canonical !== undefined && finding.canonical !== leaf.value)
        changes.set(leaf.pointer, finding.canonical);
      if (finding.trust !== 'trusted')
        worsen(finding.trust, 'E_TAINT_SINK', `${leaf.path}: ${finding.message}`, leaf.pointer);
    }
    const doubts = [...findings.values()].filter((finding) => finding.trust !== 'trusted');
    if (authority?.kind === 'unasked' && doubts.length > 0 && this.#isProvablyUnasked(tool, authority)) {
      worsen('deny', 'E_TASK_UNASKED', 'the prompt asks for other things, and for none with these values');
    }
    if (doubts.some((finding) => finding.from === 'prose') && doubts.some((finding) => finding.from === 'nowhere')) {
      worsen('deny', 'E_TAINT_SINK', 'one value is only in what others wrote, and another comes from nowhere');
    }
    const leak = this.#findLeak(tool, leaves, findings);
    if (leak) worsen('ask', 'E_TAINT_EGRESS', leak.message, leak.path);
    const planned = this.#plan?.check(tool.name, args);
    if (planned !== undefined) worsen('ask', 'E_PLAN_DEVIATES', planned);
    const canonical = replaceLeaves(args, changes);
    if (tool.effect === 'write' && verdict === 'permit') {
      const vouched = [...labels.values()].every((label) => label.integrity === 'trusted');
      this.#permits.set(callKey(tool.name, canonical), vouched ? 'trusted' : 'untrusted');
      if (canonical !== args) this.#permits.set(callKey(tool.name, args), vouched ? 'trusted' : 'untrusted');
    }
    const reasons: readonly Reason[] =
      objections.length === 0 || verdict === 'permit'
        ? [{ code: 'PERMITTED', message: 'every protected value is trusted' }]
        : objections;
    return { verdict, reasons, arguments: canonical, labels, authority: authority?.kind ?? 'read' };
  }

  /** Takes in the result of a call that ran. Over the bounds it is not indexed, and from then on nothing is trusted from results. */
  observe(tool: FlowTool, args: JsonObject, result: ToolResult, options: ObserveOptions = {}): void {
    this.#calls++;
    this.#plan?.ran(tool.name);
    const secrecy = options.secrecy ?? tool.yields?.secrecy ?? 'internal';
    this.#label = joinLabels(this.#label, {
      integrity: tool.yields?.integrity ?? 'untrusted',
      secrecy,
      origins: [tool.name],
    });
    const texts = listTexts(result);
    if (secrecy === 'secret') for (const text of texts) this.#secrets.add(text);
    const write = tool.effect === 'write';
    const permit = this.#permits.get(callKey(tool.name, args));
    const leaves = listLeaves(tool, args);
    const pointed = this.#isPointed(leaves);
    const document = leaves.some((leaf) => leaf.words.some((word) => DOCUMENT.has(word)));
    const shapes: RecordShape[] = [];
    for (const text of texts) {
      if (!this.#index.reserve(text.length)) return;
      const value = document ? undefined : parseText(text);
      if (value === undefined) shapes.push(readProse(text));
      else readRecords(value, (shape) => shapes.push(shape) < indexLimits.records);
    }
    if (result.structuredContent && !document)
      readRecords(result.structuredContent, (shape) => shapes.push(shape) < indexLimits.records);
    if (write) this.#rememberWrite(tool, shapes, permit ?? (options.approved ? 'untrusted' : undefined));
    for (const shape of shapes) {
      const wrote = write || this.#isOwnObject(tool, shape);
      this.#addShape(shape, tool, {
        call: this.#calls,
        ownWrite: wrote,
        byOutsider: this.#isByOutsider(shape),
        pointed,
      });
    }
  }

  /**
   * Whether a text may be handed to somebody: the final answer is a sink as well. `audience`: an address or a name; the
   * user by default.
   */
  release(text: string, audience?: string): Release {
    return releaseText(text, audience, { task: this.task, label: this.#label, own: this.#own, secrets: this.#secrets });
  }

  /** The planner knows every verb of the prompt and the tool's own, and they are not the same. Content never lends destruction. */
  #isProvablyUnasked(tool: FlowTool, authority: Authority): boolean {
    return this.task.understood && isKnownChange(tool) && (authority.destructive || this.task.delegates !== 'actions');
  }

  #view(tool: FlowTool, authority: Authority): RunView {
    return {
      task: this.task,
      index: this.#index,
      tool,
      authority,
      objects: readToolWords(tool.tool).objects,
      own: this.#own,
      created: this.#created,
      delegated: this.#delegated,
      linked: this.#linked,
    };
  }

  #judgeRead(tool: FlowTool, leaves: readonly Leaf[]): { authority: undefined; findings: Map<Leaf, Finding> } {
    const view = this.#view(tool, { kind: 'granted', sentences: [], candidates: [], reaches: [], destructive: false });
    const findings = new Map<Leaf, Finding>();
    for (const leaf of leaves) {
      findings.set(
        leaf,
        leaf.carries === 'destination' ? judgeLeaf(leaf, view) : trusted('the model', { origins: ['composed'] }),
      );
    }
    return { authority: undefined, findings };
  }

  /** Authority may rest on a value that the prompt names, and some values on authority: judged twice where it matters. */
  #judgeWrite(tool: FlowTool, leaves: readonly Leaf[]): { authority: Authority; findings: Map<Leaf, Finding> } {
    let authority = this.#grant(tool);
    let findings = this.#judgeLeaves(leaves, this.#view(tool, authority));
    if (authority.kind === 'granted') return { authority, findings };
    const linked = new Set<number>();
    for (const [leaf, finding] of findings) {
      if (finding.trust !== 'trusted' || leaf.carries === 'data' || leaf.carries === undefined) continue;
      for (const sentence of finding.sentences ?? []) linked.add(sentence);
    }
    if (linked.size === 0) return { authority, findings };
    authority = grantAuthority(tool, this.task, linked, this.#delegated.stems);
    findings = this.#judgeLeaves(leaves, this.#view(tool, authority));
    return { authority, findings };
  }

  /** What the words alone grant. It changes only with the content that the prompt delegates to. */
  #grant(tool: FlowTool): Authority {
    const known = this.#granted.get(tool);
    if (known && known.stems === this.#delegated.stems.size) return known.authority;
    const authority = grantAuthority(tool, this.task, new Set(), this.#delegated.stems);
    this.#granted.set(tool, { stems: this.#delegated.stems.size, authority });
    return authority;
  }

  #judgeLeaves(leaves: readonly Leaf[], view: RunView): Map<Leaf, Finding> {
    const outward = isOutward(leaves, view);
    const findings = new Map<Leaf, Finding>();
    for (const leaf of leaves) {
      const finding = judgeLeaf(leaf, view);
      const harmless = finding.trust !== 'trusted' && leaf.carries === undefined && !outward;
      findings.set(leaf, harmless ? { ...finding, trust: 'trusted' } : finding);
    }
    return findings;
  }

  /** Something secret was read: what leaves goes to the audience that the prompt names, or is asked about. */
  #findLeak(
    tool: FlowTool,
    leaves: readonly Leaf[],
    findings: ReadonlyMap<Leaf, Finding>,
  ): { message: string; path?: string } | undefined {
    const leavesRun = isOutward(leaves, { tool });
    for (const leaf of leaves) {
      if (typeof leaf.value !== 'string' || this.#secrets.size === 0) continue;
      if (
        (leavesRun || leaf.sink !== undefined || tool.effect === 'read') &&
        this.#secrets.isIn(leaf.value) &&
        !this.task.text.includes(leaf.value)
      ) {
        return { message: 'it carries a value that was read as secret', path: leaf.pointer };
      }
    }
    if (this.#label.secrecy !== 'secret' || !leavesRun) return undefined;
    const named = [...findings].every(([leaf, finding]) =>
      leaf.carries !== 'recipient' && leaf.carries !== 'destination'
        ? true
        : finding.origins.every((origin) => origin === 'prompt' || origin === 'the user'),
    );
    return named ? undefined : { message: 'something secret was read, and the prompt does not name who gets this' };
  }

  #labelOf(finding: Finding): Label {
    const integrity = finding.trust === 'trusted' && !finding.origins.includes('composed') ? 'trusted' : 'untrusted';
    return { integrity, secrecy: this.#label.secrecy, origins: [...finding.origins].sort() };
  }

  #taint(origin: string): void {
    this.#label = joinLabels(this.#label, { integrity: 'untrusted', secrecy: 'public', origins: [origin] });
  }

  #addShape(
    shape: RecordShape,
    tool: FlowTool,
    seen: { call: number; ownWrite: boolean; byOutsider: boolean; pointed: boolean },
  ): void {
    if (!this.#index.add(shape, tool, seen)) return;
    const record = this.#index.last;
    if (!record) return;
    const about = record.link.score >= HINTED || (shape.prose && seen.pointed) || this.#delegated.names(record);
    if (!seen.ownWrite && about) this.#linked.push(record);
    if (record && !seen.ownWrite && this.task.delegates !== 'none') {
      if ((shape.prose && seen.pointed) || record.link.score >= NAMED) this.#delegated.add(record);
    }
  }

  /** A result of one record with an id is the object that was made or changed. */
  #rememberWrite(tool: FlowTool, shapes: readonly RecordShape[], permit: Label['integrity'] | undefined): void {
    const named = shapes.filter((shape) => shape.id?.key !== undefined);
    const [made] = named;
    if (!made || named.length !== 1) return;
    for (const kind of readToolWords(tool.tool).objects) {
      const object = `${kind}#${made.id?.key ?? ''}`;
      if (permit !== undefined) this.#created.add(object);
      if (permit !== 'trusted') this.#tainted.add(object);
    }
  }

  #isOwnObject(tool: FlowTool, shape: RecordShape): boolean {
    if (this.#tainted.size === 0 || shape.id?.key === undefined) return false;
    return readToolWords(tool.tool).objects.some((kind) => this.#tainted.has(`${kind}#${shape.id?.key ?? ''}`));
  }

  #isByOutsider(shape: RecordShape): boolean {
    return shape.fields.some(
      (field) =>
        field.key !== undefined &&
        isAuthorField(field.words) &&
        !this.#own.has(field.key) &&
        !this.task.mentioned.has(field.key) &&
        !/^(?:me|self|you)$/i.test(field.text),
    );
  }

  /** The prompt itself names a value that the call asked with: a file, a channel, an address. */
  #isPointed(leaves: readonly Leaf[]): boolean {
    return leaves.some((leaf) => {
      if (typeof leaf.value !== 'string' || leaf.value.length < 3) return false;
      const mentions =
        this.task.mentioned.get(keyOfValue(leaf.value)) ?? this.task.mentioned.get(keyOfText(leaf.value));
      if (mentions?.some((mention) => mention.kind !== 'number' && mention.kind !== 'date')) return true;
      return (
        CONTAINER.has(leaf.words.at(-1) ?? '') &&
        new RegExp(`(?<![\\p{L}\\p{N}])${escapePattern(leaf.value)}(?![\\p{L}\\p{N}])`, 'iu').test(this.task.text)
      );
    });
  }
}

export function openFlow(open: OpenFlow): FlowRun {
  return new FlowRun(open);
}

/** Arguments by which a tool returns somebody's document: whatever structure that has, its author gave it. */
const DOCUMENT: ReadonlySet<string> = new Set(['path', 'url', 'uri', 'link', 'href', 'page', 'website', 'webpage']);
/** Arguments that name what holds the things returned. */
const CONTAINER: ReadonlySet<string> = new Set([
  'channel',
  'group',
  'folder',
  'team',
  'list',
  'project',
  'user',
  'room',
  'repo',
  'repository',
]);

const callKey = (tool: ToolName, args: JsonObject): string => `${tool} ${canonicalJson(args)}`;
