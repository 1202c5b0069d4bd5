import { type Clock, newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { joinLabels, type Label, leastLabel } from '../model/label.ts';
import type { Principal } from '../model/principal.ts';
import type { PromptPart } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { Planner } from '../ports/planner.ts';
import type { Change, Store } from '../ports/store.ts';
import { redactText } from '../scan/redact.ts';
import { FlowBook } from './flow-book.ts';

/** What a host application says when it starts a run. What it says of user and prompt it attests. */
export interface RunStart {
  readonly principal: Principal;
  readonly task: string;
  readonly prompt: readonly PromptPart[];
  readonly attested: boolean;
  /** Texts that must never leave by an answer of this run. */
  readonly confidential?: readonly string[];
  /** Milliseconds from now; at most `limits.runLifeMs`. */
  readonly lifeMs?: number;
}

/** What a run is started with from another one: the rest, who it is for and what the user wrote, is the other's. */
export interface ChildStart {
  readonly agent: string;
  readonly task: string;
  readonly lifeMs?: number;
}

const REMEMBERED_RUNS = 10_000;

/**
 * The runs of this process. The store is the truth; this remembers what it said, so that a call costs no read. A run is
 * found only by the tenant and agent it belongs to: to anyone else it does not exist.
 */
export class RunBook {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #lifeMs: (agent: string) => number;
  readonly #runs = new Map<string, Run>();
  readonly #ambient = new Map<string, Promise<Run>>();
  /** When runs began by the clock that never goes back, for those that began here. */
  readonly #began = new Map<string, number>();
  #promptChars = 0;

  /** What flow knows of each of them. */
  readonly flows: FlowBook;

  constructor(clock: Clock, store: Store, lifeMs: (agent: string) => number, planner?: () => Planner | undefined) {
    this.flows = new FlowBook(clock, store, planner);
    this.#clock = clock;
    this.#store = store;
    this.#lifeMs = lifeMs;
  }

  /** Starts a run and records it. Throws a `Fault` where the store cannot. */
  start(start: RunStart): Promise<Run> {
    return this.#start(start, this.#clock.nowMs(), []);
  }

  /**
   * Starts a run from another one, for the same user and by the same prompt. It ends no later, and begins with all that
   * the other has read. `conditions` is what has to hold in the transaction. Throws a `Fault`: what `conditions` says, or
   * E_STORE.
   */
  startFrom(
    parent: Run,
    child: ChildStart,
    conditions: (parent: Run, nowMs: number) => readonly Change[],
  ): Promise<Run> {
    const nowMs = this.nowMs(parent);
    const { tenant, onBehalfOf } = parent.principal;
    const lineage = [{ runId: parent.id, agent: parent.principal.agent }, ...(parent.lineage ?? [])];
    const start: RunStart = {
      principal: { tenant, agent: child.agent, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) },
      task: child.task,
      prompt: parent.prompt,
      attested: parent.attested,
      ...(parent.confidential === undefined ? {} : { confidential: parent.confidential }),
      lifeMs: Math.min(child.lifeMs ?? limits.runLifeMs, parent.expiresAtMs - nowMs),
    };
    return this.#start(start, nowMs, conditions(parent, nowMs), { label: parent.label, lineage });
  }

  /** The time as a run is held to it: a clock that is set back makes none live longer that began in this process. */
  nowMs(run: Run): number {
    const beganMs = this.#began.get(run.id);
    const nowMs = this.#clock.nowMs();
    if (beganMs === undefined) return nowMs;
    return Math.max(nowMs, run.startedAtMs + this.#clock.monotonicMs() - beganMs);
  }

  async #start(
    start: RunStart,
    startedAtMs: number,
    conditions: readonly Change[],
    from: Pick<Run, 'label' | 'lineage'> = { label: leastLabel },
  ): Promise<Run> {
    const beganMs = this.#clock.monotonicMs();
    const lifeMs = this.#lifeMs(start.principal.agent);
    const run: Run = {
      id: newId(this.#clock, 'run'),
      principal: start.principal,
      task: start.task,
      prompt: start.prompt,
      attested: start.attested,
      ...(start.confidential === undefined ? {} : { confidential: start.confidential }),
      ...from,
      startedAtMs,
      expiresAtMs: startedAtMs + Math.min(start.lifeMs ?? lifeMs, lifeMs, limits.runLifeMs),
    };
    const { tenant, agent, onBehalfOf } = run.principal;
    const parent = run.lineage?.[0];
    const result = await this.#store.commit([
      ...conditions,
      { kind: 'run.open', run },
      {
        kind: 'event.append',
        event: {
          id: newId(this.#clock, 'evt'),
          kind: 'run.started',
          tenant,
          runId: run.id,
          agent,
          atMs: startedAtMs,
          body: {
            task: run.task,
            attested: run.attested,
            user: onBehalfOf?.id ?? null,
            prompt: run.prompt.map(recordPart),
            expiresAtMs: run.expiresAtMs,
            ...(parent === undefined ? {} : { startedFrom: parent.runId, depth: run.lineage?.length ?? 0 }),
          },
        },
      },
    ]);
    if (!result.ok) throw new Fault(result.code, result.message);
    this.#remember(run);
    this.#began.set(run.id, beganMs);
    this.flows.started(run.id);
    this.flows.raised(run.id, run.label);
    return run;
  }

  /**
   * The run of a client that has no host to start one (plain MCP): one per principal, without an attested prompt,
   * begun anew when it has expired.
   */
  async ambient(principal: Principal): Promise<Run> {
    const key = JSON.stringify([principal.tenant, principal.agent, principal.onBehalfOf?.id ?? null]);
    const known = this.#ambient.get(key);
    if (known !== undefined) {
      const run = await known;
      if (run.expiresAtMs > this.#clock.nowMs() && this.#ambient.get(key) === known)
        return this.#runs.get(run.id) ?? run;
    }
    const current = this.#ambient.get(key);
    if (current !== undefined && current !== known) return current;
    const started = this.start({ principal, task: 'unattended', prompt: [], attested: false });
    this.#ambient.set(key, started);
    started.catch(() => {
      if (this.#ambient.get(key) === started) this.#ambient.delete(key);
    });
    return started;
  }

  /** The run, if it belongs to this tenant and agent and has not ended. Throws a `Fault` where the store cannot say. */
  async find(principal: Principal, runId: string): Promise<Run | undefined> {
    let run = this.#runs.get(runId);
    if (run === undefined) {
      const stored = await this.#store.readRun(principal.tenant, runId);
      if (stored === undefined || stored.endedAtMs !== undefined) return undefined;
      run = this.#runs.get(runId) ?? this.#remember(stored);
    }
    const { tenant, agent } = run.principal;
    return tenant === principal.tenant && agent === principal.agent ? run : undefined;
  }

  /**
   * Joins a label into the run's own. A run's label only ever gets worse: one that is not remembered any more has at
   * least the label it was admitted with.
   */
  raise(run: Run, label: Label): Label {
    const remembered = this.#runs.get(run.id);
    const raised = joinLabels((remembered ?? run).label, label);
    if (remembered !== undefined) this.#runs.set(run.id, { ...remembered, label: raised });
    this.flows.raised(run.id, raised);
    for (const { runId } of run.lineage ?? []) {
      const above = this.#runs.get(runId);
      if (above !== undefined) this.raise({ ...above, lineage: [] }, raised);
    }
    return raised;
  }

  /** The run, where it is remembered. */
  known(runId: string): Run | undefined {
    return this.#runs.get(runId);
  }

  /** Forgets what the store said of a run, because it says something else by now. */
  forget(runId: string): void {
    this.#drop(runId);
  }

  /** Ends a run: no further call of it is granted. */
  async end(tenant: string, runId: string): Promise<void> {
    const atMs = this.#clock.nowMs();
    const result = await this.#store.commit([
      { kind: 'run.end', tenant, runId, atMs },
      {
        kind: 'event.append',
        event: { id: newId(this.#clock, 'evt'), kind: 'run.ended', tenant, runId, atMs, body: {} },
      },
    ]);
    if (!result.ok) throw new Fault(result.code, result.message);
    this.#drop(runId);
    this.flows.ended(runId);
    for (const [key, ambient] of this.#ambient) if ((await ambient).id === runId) this.#ambient.delete(key);
  }

  #remember(run: Run): Run {
    this.#runs.set(run.id, run);
    this.#promptChars += promptChars(run);
    for (const [oldest] of this.#runs) {
      if (this.#runs.size <= REMEMBERED_RUNS && this.#promptChars <= limits.rememberedPromptChars) break;
      if (oldest !== run.id) this.#drop(oldest);
    }
    return run;
  }

  #drop(runId: string): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    this.#promptChars -= promptChars(run);
    this.#runs.delete(runId);
    this.#began.delete(runId);
  }
}

/** A part of the prompt without the secrets that are in it. */
function recordPart({ kind, name, text }: PromptPart): JsonObject {
  return {
    kind,
    ...(name === undefined ? {} : { name }),
    characters: text.length,
    text: redactText(text).text.toWellFormed(),
  };
}

function promptChars({ prompt, confidential = [] }: Run): number {
  const texts = [...prompt.map(({ text }) => text), ...confidential];
  return texts.reduce((sum, text) => sum + text.length, 0);
}
