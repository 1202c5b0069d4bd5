import { type Clock, newId } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { PlanStep } from '../flow/declared-plan.ts';
import { type FlowRun, openFlow } from '../flow/flow-run.ts';
import { type Label, leastLabel } from '../model/label.ts';
import type { Run } from '../model/run.ts';
import type { ToolName } from '../model/tool.ts';
import type { Planner } from '../ports/planner.ts';
import type { Store } from '../ports/store.ts';
import type { Catalog } from './catalog.ts';
import { planRun } from './plan-run.ts';
import { type RunPlans, readRunPlans } from './read-run-plans.ts';
import { WrittenObjects } from './written-objects.ts';

/** How many flows are held, and how many values and records all of them together. */
interface FlowBounds {
  readonly flowRuns: number;
  readonly flowEntries: number;
}

interface Held {
  readonly flow: FlowRun;
  readonly run: Run;
  entries: number;
}

/**
 * What flow knows of the runs of this process: one `FlowRun` each, opened at the first call. Bounded in number and
 * memory, the longest unused dropped first. A run that is opened again, after that, after a restart, or because another
 * process has a part in it, trusts nothing that was read: what was read elsewhere cannot be told apart from what it lacks.
 */
export class FlowBook {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #planner: () => Planner | undefined;
  readonly #bounds: FlowBounds;
  readonly #held = new Map<string, Held>();
  readonly #opening = new Map<string, Promise<FlowRun>>();
  readonly #written = new Map<string, WrittenObjects>();
  #pins: ReadonlyMap<ToolName, Digest> = new Map();
  #pinsOf: Catalog | undefined;
  /** Runs that this process began and whose flow is not open yet, with what they have read otherwise. */
  readonly #fresh = new Map<string, Label>();
  #entries = 0;

  constructor(
    clock: Clock,
    store: Store,
    planner: () => Planner | undefined = () => undefined,
    bounds: FlowBounds = limits,
  ) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#store = store;
    this.#planner = planner;
  }

  /**
   * The flow of a run as it stands. `run` carries the label that the store and this process know. Rejects with a `Fault`
   * where the store cannot say what agents wrote.
   */
  async of(run: Run, catalog: Catalog): Promise<FlowRun> {
    const held = this.#held.get(run.id);
    const flow = held?.flow ?? (await this.#openOnce(run, catalog));
    const { origins } = flow.label;
    const isUnseen = run.label.origins.some((origin) => !origins.includes(origin));
    flow.join(run.label);
    if (isUnseen) flow.forgetUnseen();
    return flow;
  }

  /** Remembers that this process began a run, so that nothing need be looked up when its flow is opened. */
  started(runId: string): void {
    if (this.#fresh.size < this.#bounds.flowRuns) this.#fresh.set(runId, leastLabel);
  }

  /** Joins what a run has read into what is known of it, at the very moment in which its label is raised. */
  raised(runId: string, label: Label): void {
    this.#held.get(runId)?.flow.join(label);
    if (this.#fresh.has(runId)) this.#fresh.set(runId, label);
  }

  /** Takes in what a call left behind: how much memory its run uses now, and objects that agents wrote. */
  observed(run: Run, flow: FlowRun, written: readonly string[]): void {
    this.#writtenOf(run.principal.tenant).add(written);
    const held = this.#held.get(run.id);
    if (held === undefined) return;
    // It was dropped and opened again while the call was under way: this one has not seen the result.
    if (held.flow !== flow) held.flow.forgetResults();
    this.#entries += held.flow.entries - held.entries;
    held.entries = held.flow.entries;
    this.#hold(run.id, held);
  }

  /** Whether more objects can be told apart from those that agents wrote; if not, there is no use in writing them down. */
  isFull(tenant: string): boolean {
    return this.#writtenOf(tenant).isFull;
  }

  /** Forgets a run that has ended. */
  ended(runId: string): void {
    this.#fresh.delete(runId);
    const held = this.#held.get(runId);
    if (held === undefined) return;
    this.#entries -= held.entries;
    this.#held.delete(runId);
  }

  /**
   * Commits a run to a plan, and records that. Throws a `Fault` E_REQUEST_INVALID where it comes too late or names what is
   * no tool, E_STORE where it cannot be recorded.
   */
  async declarePlan(run: Run, catalog: Catalog, steps: readonly PlanStep[]): Promise<void> {
    const flow = await this.of(run, catalog);
    const { accepted, message } = flow.declarePlan(steps);
    if (!accepted) throw new Fault('E_REQUEST_INVALID', `the plan was not taken: ${message}`);
    await this.#record(run, 'plan.declared', { steps: steps.map((step) => ({ ...step })) });
  }

  #openOnce(run: Run, catalog: Catalog): Promise<FlowRun> {
    const underWay = this.#opening.get(run.id);
    if (underWay !== undefined) return underWay;
    const opening = this.#open(run, catalog).finally(() => this.#opening.delete(run.id));
    this.#opening.set(run.id, opening);
    return opening;
  }

  async #open(run: Run, catalog: Catalog): Promise<FlowRun> {
    const { tenant, agent, onBehalfOf } = run.principal;
    const written = this.#writtenOf(tenant);
    await written.catchUp();
    // This process began it, and no call of it was made here: nothing was declared or planned.
    const before: RunPlans = this.#fresh.has(run.id) ? { ran: [] } : await readRunPlans(this.#store, run);
    const prompt = run.attested ? run.prompt : [];
    const tools = catalog.list(agent).map(({ governed }) => governed);
    const plan = before.planned === undefined ? await planRun(this.#planner(), prompt, tools) : {};
    if (plan.record !== undefined) await this.#record(run, 'run.planned', plan.record);
    const planned = before.planned ?? plan.planned;
    const flow = openFlow({
      prompt,
      pins: this.#pinsIn(catalog),
      written,
      ...(onBehalfOf === undefined ? {} : { userAttributes: { ...onBehalfOf.attributes, id: onBehalfOf.id } }),
      ...(run.confidential === undefined ? {} : { confidential: run.confidential }),
      ...(planned === undefined ? {} : { planned }),
    });
    if (before.steps !== undefined) flow.resumePlan(before.steps, before.ran);
    // Content that the host brought was read here, though not by a tool.
    flow.join(this.#fresh.get(run.id) ?? leastLabel);
    this.#fresh.delete(run.id);
    this.#hold(run.id, { flow, run, entries: 0 });
    return flow;
  }

  /** Puts a run last in line, and drops those before it that are too many or hold too much. */
  #hold(runId: string, held: Held): void {
    this.#held.delete(runId);
    this.#held.set(runId, held);
    while (
      this.#held.size > this.#bounds.flowRuns ||
      (this.#entries > this.#bounds.flowEntries && this.#held.size > 1)
    ) {
      const oldest = this.#held.keys().next().value;
      if (oldest === undefined) return;
      this.ended(oldest);
    }
  }

  #writtenOf(tenant: string): WrittenObjects {
    const known = this.#written.get(tenant) ?? new WrittenObjects(this.#store, tenant);
    this.#written.set(tenant, known);
    return known;
  }

  /** One map for all catalogs that offer the same tools: every guarded run makes a catalog. */
  #pinsIn(catalog: Catalog): ReadonlyMap<ToolName, Digest> {
    if (this.#pinsOf === catalog) return this.#pins;
    const pins = new Map([...catalog.tools.values()].map(({ governed }) => [governed.name, governed.pin]));
    const isSame = pins.size === this.#pins.size && [...pins].every(([name, pin]) => this.#pins.get(name) === pin);
    if (!isSame) this.#pins = pins;
    this.#pinsOf = catalog;
    return this.#pins;
  }

  async #record(run: Run, kind: 'run.planned' | 'plan.declared', body: JsonObject): Promise<void> {
    const { tenant, agent } = run.principal;
    const atMs = this.#clock.nowMs();
    const result = await this.#store.commit([
      {
        kind: 'event.append',
        event: { id: newId(this.#clock, 'evt'), kind, tenant, runId: run.id, agent, atMs, body },
      },
    ]);
    if (!result.ok) throw new Fault(result.code, result.message);
  }
}
