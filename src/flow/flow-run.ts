import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { coversLabel, joinLabels, type Label, leastLabel } from '../model/label.ts';
import type { ToolResult } from '../model/result.ts';
import type { GovernedTool, ToolName } from '../model/tool.ts';
import { assessCall } from './assess-call.ts';
import type { Assessment, AssessOptions } from './assessment.ts';
import { keyOfText, keyOfValue } from './atoms.ts';
import { Delegated } from './collect-delegated.ts';
import { cutPasted } from './cut-pasted.ts';
import { DeclaredPlan, type PlanStep } from './declared-plan.ts';
import { listLed } from './describe-record.ts';
import type { OpenFlow, Taken, TakeOptions, WrittenThings } from './flow-options.ts';
import { stemWord } from './fold-text.ts';
import { type Authority, grantAuthority, onlyLooksByName, tellsEffect } from './grant-authority.ts';
import { IntroducedValues, isKnownValue } from './introduced-values.ts';
import { HINTED, NAMED } from './link-record.ts';
import { type Leaf, listLeaves } from './list-leaves.ts';
import { findMade, isParty, listWritten } from './list-written.ts';
import { isOwnCard, listAddresses } from './own-card.ts';
import { ProvenanceIndex } from './provenance-index.ts';
import { type RecordShape, readProse } from './read-records.ts';
import { readResult } from './read-result.ts';
import { readTask, type Task } from './read-task.ts';
import { readToolWords, splitIdentifier } from './read-tool-words.ts';
import { isByOutsider, isNarrowed, isOfAnother, isPointed } from './record-standing.ts';
import { type Release, releaseText } from './release-text.ts';
import { listTexts, pastedTool } from './result-texts.ts';
import type { RunView } from './run-view.ts';
import { SecretValues } from './secret-values.ts';
import type { SeenRecord } from './seen-record.ts';

export type { OpenFlow, Taken, TakeOptions, WrittenThings } from './flow-options.ts';

const nothing: ReadonlySet<string> = new Set();
/** Results that are recognised when they come again, and how long they may be. */
const REPEATS = 256;
const REPEAT_CHARACTERS = 1_024;

/** One run: what the user asked for, everything read since, and what follows for the next call. */
export class FlowRun {
  readonly task: Task;
  readonly #index: ProvenanceIndex;
  readonly #pins: OpenFlow['pins'];
  readonly #own: Set<string>;
  readonly #ownFacts: ReadonlyMap<string, string>;
  readonly #written: WrittenThings;
  readonly #tainted = new Set<string>();
  readonly #created = new Set<string>();
  readonly #introduced = new IntroducedValues();
  readonly #seen = new Set<string>();
  readonly #delegated = new Delegated();
  readonly #secrets: SecretValues;
  readonly #others = new SecretValues([]);
  readonly #planned: OpenFlow['planned'];
  readonly #linked: SeenRecord[] = [];
  readonly #led = new Map<string, SeenRecord[]>();
  readonly #granted = new WeakMap<GovernedTool, { readonly stems: number; readonly authority: Authority }>();
  #plan: DeclaredPlan | undefined;
  #label: Label = leastLabel;
  #calls = 0;

  constructor(open: OpenFlow) {
    this.task = readTask(open.prompt);
    this.#index = new ProvenanceIndex(this.task);
    this.#pins = open.pins;
    const attributes = Object.entries(open.userAttributes ?? {});
    this.#own = new Set(attributes.flatMap(([, value]) => [keyOfValue(value), keyOfText(String(value))]));
    this.#ownFacts = new Map(
      attributes.map(([name, value]) => [splitIdentifier(name).map(stemWord).join(' '), keyOfValue(value)]),
    );
    this.#written = open.written ?? { isEmpty: true, has: () => false };
    this.#secrets = new SecretValues(open.confidential ?? []);
    this.#planned = open.planned;
    const { pasted } = cutPasted(open.prompt);
    if (pasted.length > 0) this.join({ integrity: 'untrusted', secrecy: 'public', origins: ['prompt.quote'] });
    for (const shape of pasted.flatMap((text) => [...readProse(text)]))
      this.#addShape(
        shape,
        pastedTool,
        { call: 0, ownWrite: false, untold: false, byOutsider: true, pointed: false, narrowed: false },
        nothing,
      );
  }

  /** The join of everything read so far. */
  get label(): Label {
    return this.#label;
  }

  /** Values and records held, as a measure of memory. */
  get entries(): number {
    return this.#index.entries + this.#introduced.keys.size + this.#led.size + this.#tainted.size + this.#created.size;
  }

  /** Joins the label of something that was read, whether or not it is observed. */
  join(label: Label): void {
    // The same object for the same label: whoever derives something from it need not do so again.
    if (label !== this.#label && !coversLabel(this.#label, label)) this.#label = joinLabels(this.#label, label);
  }

  /**
   * From now on nothing is trusted that was read: something was read that is not known here, so that no record can be
   * told to be the only one. The prompt, the user and what the manifest says still count.
   */
  forgetResults(): void {
    this.#index.exhaust();
    this.#linked.length = 0;
    this.#led.clear();
    // These only ever take trust away from results, and nothing is left to take it from.
    this.#introduced.clear();
    this.#created.clear();
    this.#tainted.clear();
    this.#seen.clear();
  }

  /** The same, where what was read is not known here at all: then nobody can tell which values were secret either. */
  forgetUnseen(): void {
    this.forgetResults();
    if (this.#label.secrecy === 'secret') this.#secrets.fill();
  }

  /**
   * Commits the run to these calls, in this order. Accepted only before anything untrusted was read; calls outside of it
   * are asked about from then on.
   */
  declarePlan(steps: readonly PlanStep[]): { readonly accepted: boolean; readonly message: string } {
    if (this.#label.integrity === 'untrusted')
      return { accepted: false, message: 'something untrusted was read already' };
    if (this.#plan) return { accepted: false, message: 'this run has a plan already' };
    const unknown = steps.find((step) => !this.#pins.has(step.tool));
    if (unknown) return { accepted: false, message: `\`${unknown.tool}\` is no tool of this run` };
    this.#plan = new DeclaredPlan(steps);
    return { accepted: true, message: `${steps.length} steps` };
  }

  /** Goes on with a plan that was declared before this flow was opened, past the calls that ran since. */
  resumePlan(steps: readonly PlanStep[], ran: readonly ToolName[]): void {
    this.#plan = new DeclaredPlan(steps);
    for (const tool of ran) this.#plan.begin(tool);
  }

  /**
   * Counts a call in the declared plan as it begins, so that no other takes its step. `undo` takes that back, for a call
   * that never ran. `undefined` where the run has no plan.
   */
  begin(tool: ToolName, args: JsonObject): { readonly deviates: boolean; readonly undo: () => void } | undefined {
    if (this.#plan === undefined) return undefined;
    const deviates = this.#plan.check(tool, args) !== undefined;
    return { deviates, undo: this.#plan.begin(tool) };
  }

  /** Judges one call. Changes nothing. */
  assess(tool: GovernedTool, args: JsonObject, options: AssessOptions = {}): Assessment {
    return assessCall(tool, args, {
      view: this.#view(tool, options.constants ?? nothing),
      domains: options.domains ?? [],
      label: this.#label,
      secrets: this.#secrets,
      unattended: options.unattended === true,
      isLate: !tool.declared && this.#pins.get(tool.name) !== tool.pin,
      isPlanned: this.#planned?.has(tool.name) !== false,
      deviation: this.#plan?.check(tool.name, args),
    });
  }

  /**
   * Takes in a call that ran, or may have: from now on what its arguments brought in proves nothing when it comes back.
   * `result` is what the agent gets to see of it, if anything; the index holds that only after `index`.
   */
  take(tool: GovernedTool, args: JsonObject, result: ToolResult | undefined, options: TakeOptions = {}): Taken {
    const call = ++this.#calls;
    if (options.begun !== true) this.#plan?.begin(tool.name);
    this.join(labelOfResult(tool));
    const { assessment, approved = false } = options;
    const leaves = listLeaves(tool, args);
    const known = (key: string, text: string): boolean => isKnownValue(key, text, this.task, this.#index);
    const { numbers: echoed, added } = this.#introduced.add(leaves, known, approved);
    if (this.#index.exhausted || this.#introduced.keys.size > limits.flowValues) this.forgetResults();
    const { created, tainted } =
      tool.effect === 'write'
        ? listWritten({
            tool,
            leaves,
            made: findMade(options.made ?? result, leaves),
            assessment,
            approved,
            values: added,
          })
        : { created: [], tainted: [] };
    if (!this.#index.exhausted) for (const object of tainted) this.#tainted.add(object);
    const taking = { tool, call, leaves, echoed, created };
    return { written: tainted, index: () => this.#takeResult(result, taking) };
  }

  *#takeResult(
    result: ToolResult | undefined,
    {
      tool,
      call,
      leaves,
      echoed,
      created,
    }: {
      readonly tool: GovernedTool;
      readonly call: number;
      readonly leaves: readonly Leaf[];
      readonly echoed: ReadonlySet<string>;
      readonly created: readonly string[];
    },
  ): Generator<number> {
    if (result === undefined) return;
    const texts = listTexts(result);
    if (tool.yields?.secrecy === 'secret') for (const text of texts) this.#secrets.add(text);
    if (!this.#index.exhausted) for (const object of created) this.#created.add(object);
    const pointed = isPointed(leaves, this.task, this.#index);
    if (this.#wasSeen(result, texts, [tool.name, String(pointed), ...leaves.map((leaf) => leaf.path)])) return;
    for (const text of texts) this.#index.reserve(text.length);
    const shapes = this.#index.exhausted ? [] : readResult(result, leaves);
    const narrowed = isNarrowed(leaves, this.task, this.#index, readToolWords(tool.tool).objects);
    let listed = 0;
    const own: RecordShape[] = [];
    for (const shape of shapes) {
      const isOwnObject = this.#isOwnObject(tool, shape);
      const ownWrite = (tool.effect === 'write' && !onlyLooksByName(tool)) || isOwnObject;
      const untold = ownWrite && !isOwnObject && !tellsEffect(tool);
      const byOutsider = isByOutsider(shape, this.task, this.#own);
      this.#addShape(shape, tool, { call, ownWrite, untold, byOutsider, pointed, narrowed }, echoed);
      if (shape.fields.length > limits.flowFieldsPerRecord) this.#index.exhaust();
      if (this.#index.exhausted) break;
      listed += 1;
      if (listed <= 2) own.push(shape);
      yield shape.fields.reduce((sum, field) => sum + field.text.length, 0);
    }
    const of = leaves.flatMap(({ value }) =>
      typeof value === 'string' && value.length <= 200 ? keyOfValue(value) : [],
    );
    if (own.length === 1 && isOwnCard(tool)) for (const key of own.flatMap(listAddresses)) this.#own.add(key);
    if (tool.effect === 'read' && result.isError !== true) this.#index.listed(tool, of, listed);
    if (this.#index.exhausted) this.forgetResults();
  }

  /**
   * Whether a text may be handed to somebody: the final answer is a sink as well. `audience`: an address or a name; the
   * user by default.
   */
  release(text: string, audience?: string): Release {
    return releaseText(text, audience, {
      task: this.task,
      label: this.#label,
      own: this.#own,
      secrets: this.#secrets,
      others: this.#others,
      blind: this.#index.exhausted && [...this.#ownFacts.keys()].some((name) => name.includes(' ')),
    });
  }

  /** Whether a value is one that the user wrote, or that is attested of them. */
  isUsers(value: string): boolean {
    const bare = bareOf(value);
    if (bare === '') return false;
    return (
      bareOf(this.task.text).includes(bare) || [...this.#ownFacts.values()].some((key) => bareOf(key).endsWith(bare))
    );
  }

  #view(tool: GovernedTool, constants: ReadonlySet<string>): RunView {
    return {
      task: this.task,
      index: this.#index,
      tool,
      authority: this.#grant(tool),
      objects: readToolWords(tool.tool).objects,
      own: this.#own,
      ownFacts: this.#ownFacts,
      created: this.#created,
      delegated: this.#delegated,
      introduced: this.#introduced.keys,
      constants,
      clean: this.#label.integrity === 'trusted',
      linked: this.#linked,
      led: this.#led,
    };
  }

  /** What the words alone grant. It changes only with the content that the prompt delegates to. */
  #grant(tool: GovernedTool): Authority {
    if (tool.effect === 'read') return readAuthority;
    const known = this.#granted.get(tool);
    if (known && known.stems === this.#delegated.stems.size) return known.authority;
    const authority = grantAuthority(tool, this.task, new Set(), this.#delegated.stems);
    this.#granted.set(tool, { stems: this.#delegated.stems.size, authority });
    return authority;
  }

  /** Whether the very same came back before: who asks again and again learns nothing new, and takes no more memory. */
  #wasSeen(result: ToolResult, texts: readonly string[], circumstances: readonly string[]): boolean {
    const chars = texts.reduce((sum, text) => sum + text.length, 0);
    if (chars > REPEAT_CHARACTERS || result.isError === true) return false;
    const structured = result.structuredContent === undefined ? '' : JSON.stringify(result.structuredContent);
    if (structured.length > REPEAT_CHARACTERS) return false;
    const key = JSON.stringify([circumstances, structured, texts]);
    const known = this.#seen.delete(key);
    this.#seen.add(key);
    const oldest = this.#seen.values().next().value;
    if (this.#seen.size > REPEATS && oldest !== undefined) this.#seen.delete(oldest);
    return known;
  }

  #addShape(
    shape: RecordShape,
    tool: GovernedTool,
    seen: Pick<SeenRecord, 'call' | 'ownWrite' | 'untold' | 'byOutsider' | 'pointed' | 'narrowed'>,
    echoed: ReadonlySet<string>,
  ): void {
    const { keys } = this.#introduced;
    const written = this.#written;
    const isIntroduced = (key: string): boolean =>
      keys.has(key) || echoed.has(key) || (!written.isEmpty && isParty(key) && written.has(`value#${key}`));
    if (!this.#index.add(shape, tool, seen, isIntroduced)) return;
    const record = this.#index.last;
    if (!record || record.ownWrite) return;
    if (isOfAnother(shape, this.#ownFacts))
      for (const field of shape.fields) if (!this.isUsers(field.text)) this.#others.add(field.text);
    if (record.link.score >= NAMED && !record.byOutsider)
      for (const key of listLed(record, this.task.stems)) this.#led.set(key, [...(this.#led.get(key) ?? []), record]);
    const isContent = shape.prose && seen.pointed;
    if (record.link.score >= HINTED || isContent || this.#delegated.names(record)) this.#linked.push(record);
    if (this.task.delegates !== 'none' && (isContent || record.link.score >= NAMED)) this.#delegated.add(record);
  }

  #isOwnObject(tool: GovernedTool, shape: RecordShape): boolean {
    if (shape.id?.key === undefined) return false;
    return readToolWords(tool.tool).objects.some((kind) => {
      const object = `${kind}#${shape.id?.key ?? ''}`;
      return this.#tainted.has(object) || this.#written.has(object);
    });
  }
}

export function openFlow(open: OpenFlow): FlowRun {
  return new FlowRun(open);
}

/** What is known of a tool's results before anybody looked at one: untrusted and internal, unless somebody declared better. */
export function labelOfResult(tool: GovernedTool): Label {
  return {
    integrity: tool.yields?.integrity ?? 'untrusted',
    secrecy: tool.yields?.secrecy ?? 'internal',
    origins: [tool.name],
  };
}

/** Nobody has to ask for what only looks. */
const readAuthority: Authority = {
  kind: 'granted',
  sentences: [],
  candidates: [],
  reaches: [],
  destructive: false,
  vague: false,
};

/** Letters and digits alone: how a number is grouped does not make it another one. */
const bareOf = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
