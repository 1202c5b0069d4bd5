import { halt, openStopBase } from '../app/isolation/open-stop.ts';
import { resume as letBack } from '../app/isolation/stop.ts';
import type { StopBase } from '../app/isolation/stop-base.ts';
import { withMarks } from '../app/isolation/stop-mark.ts';
import { openConfig, openRecord } from '../app/open-config.ts';
import { identifyLocal } from '../app/people/identify-local.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { resumeSchema, type StopTarget, scopeOf, stopSchema } from '../contract/isolation.ts';
import { type IsolationScope, printScope } from '../model/isolation.ts';
import type { Manifest } from '../model/manifest.ts';
import { mayDo } from '../model/person.ts';
import { previewStop, type StopPreview } from '../runtime/isolation.ts';
import { resumeRun } from '../runtime/pause-run.ts';
import type { CommandContext } from './command-context.ts';
import { readLine } from './read-line.ts';

interface StopOptions extends StopTarget {
  readonly reason: string;
  readonly incident: boolean;
  readonly preview: boolean;
  /** Only by a file in the data folder. */
  readonly file: boolean;
}

/** Stops something now, through the store or, where that does not answer, by a file. */
export async function stop(context: CommandContext, options: StopOptions): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const { tenant } = loaded.manifest;
  const { file, ...given } = options;
  const scope = readTarget(tenant, given);
  const parsed = stopSchema.safeParse({ ...given, tenant: given.tenant === undefined ? undefined : true });
  if (!parsed.success) throw new Fault('E_USAGE', parsed.error.issues[0]?.message ?? 'not understood');
  const { reason, incident, preview } = parsed.data;
  if (preview) {
    const record = await openRecord(loaded);
    try {
      tell(context, scope, await previewStop({ store: record }, scope, tenant), 'would stop');
    } finally {
      await record.close();
    }
    return;
  }
  const { person, presence } = await identifyLocal(loaded, context.terminal.interactive);
  if (!isNamed(loaded.manifest, scope))
    context.terminal.warn(
      `the configuration names nothing that is ${printScope(scope)}: look whether it is spelt right`,
    );
  const halted = await halt(loaded, scope, { tenant, person, presence, reason, incident }, file);
  if (halted.by === 'store') {
    const { stopped } = halted;
    const { effect, leases } = stopped;
    const ended = { ...leases };
    tell(context, scope, stopped, 'stops', { leases: ended, effect: { ...effect, missing: [...effect.missing] } });
    if (leases.returned + leases.standing > 0)
      context.terminal.say(
        `${leases.returned} leased credentials taken back; ${leases.standing} could not be, and are good until they expire`,
      );
    const seen =
      effect.seenMs === undefined ? 'not seen by all of them in time' : `seen by all after ${effect.seenMs} ms`;
    context.terminal.say(
      effect.gateways === 0
        ? `in force after ${effect.commitMs.toFixed(1)} ms; no gateway is running`
        : `in force after ${effect.commitMs.toFixed(1)} ms; ${effect.gateways} gateways, ${seen}`,
    );
    return;
  }
  if (halted.fault !== undefined) context.terminal.warn(`the store did not take it: ${halted.fault.message}`);
  context.terminal.data({ scope: printScope(scope), stopped: true, file: halted.file }, [
    `stops new calls of ${printScope(scope)} from now on, by ${halted.file}; those in flight cannot be recalled`,
  ]);
}

interface ResumeOptions extends StopTarget {
  readonly reason: string;
  /** What they have seen that stops it. */
  readonly seen?: string;
  readonly cause?: string;
  readonly control?: string;
}

/** Lets back what somebody else stopped. */
export async function resume(context: CommandContext, options: ResumeOptions): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const { tenant } = loaded.manifest;
  const scope = readTarget(tenant, options);
  const parsed = resumeSchema.safeParse({ ...options, tenant: options.tenant === undefined ? undefined : true });
  if (!parsed.success) throw new Fault('E_USAGE', parsed.error.issues[0]?.message ?? 'not understood');
  const { reason, cause, control } = parsed.data;
  const { person, presence, roles } = await identifyLocal(loaded, context.terminal.interactive);
  if (cause !== undefined && control !== undefined && !mayDo(roles, 'incident.close'))
    throw new Fault('E_ROLE_MISSING', `${person} may not close an incident`);
  await using base = await openStopBase(loaded);
  if (scope.kind === 'run' && (await letGoOn(base, tenant, scope, { by: person, presence }))) {
    context.terminal.data({ scope: printScope(scope), stopped: false, resumed: true }, [
      `${printScope(scope)} was paused, and goes on`,
    ]);
    return;
  }
  await letBack(base, scope, {
    tenant,
    person,
    presence,
    reason,
    seen: parsed.data.seen ?? (await askForMark(context, base, scope)),
    ...(cause === undefined ? {} : { cause }),
    ...(control === undefined ? {} : { control }),
  });
  context.terminal.data({ scope: printScope(scope), stopped: false }, [`${printScope(scope)} goes on`]);
}

/** Whoever sits at a terminal looks at what stops it and types the mark of that; without a terminal it has to be said. */
async function askForMark(
  { terminal, signal }: CommandContext,
  { store, stopSwitch }: StopBase,
  scope: IsolationScope,
): Promise<string | undefined> {
  if (!terminal.interactive) return undefined;
  const text = printScope(scope);
  const isolations = await store.listIsolations();
  const switches = stopSwitch.list();
  const stops = [
    ...isolations.map((each) => ({ ...each, by: each.by.join(', ') })),
    ...switches.map(({ place, ...each }) => ({ ...each, by: `${each.by}, ${place}` })),
  ].filter((each) => each.scope === text);
  const [marked] = withMarks(stops, isolations, switches);
  if (marked === undefined) return undefined;
  for (const { by, reason, incident } of stops)
    terminal.say(`${text} is stopped by ${by}${incident ? ', for an incident' : ''}: ${reason}`);
  terminal.say(`type ${marked.seen} to let it back; anything else leaves it stopped`);
  return readLine(signal);
}

/** Lets a run go on that was paused and not stopped. False for any other. */
async function letGoOn(
  { store, clock, stopSwitch, manifest }: StopBase,
  tenant: string,
  scope: Extract<IsolationScope, { kind: 'run' }>,
  who: { readonly by: string; readonly presence: string },
): Promise<boolean> {
  const run = await store.readRun(tenant, scope.run);
  const stopped = [...(await store.listIsolations()), ...stopSwitch.list()].map((one) => one.scope);
  if (run?.pausedFor === undefined || stopped.includes(printScope(scope))) return false;
  const catalog = () => ({ manifest: manifest() });
  await resumeRun({ store, clock, catalog }, { tenant, runId: scope.run, ...who });
  return true;
}

/** Whether the configuration knows it. What it does not know is stopped all the same: agents, say, need not be named. */
function isNamed({ agents, servers }: Manifest, scope: IsolationScope): boolean {
  if (scope.kind === 'agent') return Object.hasOwn(agents, scope.agent);
  if (scope.kind === 'server') return Object.hasOwn(servers, scope.server);
  return scope.kind !== 'tool' || Object.hasOwn(servers, scope.tool.split('/')[0] ?? '');
}

function readTarget(tenant: string, target: StopTarget): IsolationScope {
  const scope = scopeOf(tenant, target);
  if (scope !== undefined) return scope;
  throw new Fault(
    'E_USAGE',
    'say what: one of --agent, --tool, --server, --run, --tenant and --all, by its whole name',
  );
}

function tell(
  { terminal }: CommandContext,
  scope: IsolationScope,
  { inFlight, approvals }: StopPreview,
  verb: 'stops' | 'would stop',
  more: JsonObject = {},
): void {
  const text = printScope(scope);
  const calls = inFlight.map(({ callId, runId, agent, tool, atMs }) => ({ callId, runId, agent, tool, atMs }));
  terminal.data({ scope: text, stopped: verb === 'stops', inFlight: calls, approvals: approvals.length, ...more }, [
    `${verb} new calls of ${text} immediately; ${calls.length} in flight cannot be recalled`,
    ...calls.map(
      ({ callId, agent, tool, atMs }) => `  ${callId}  ${agent}  ${tool}  since ${new Date(atMs).toISOString()}`,
    ),
    `${approvals.length} questions to people ${verb === 'stops' ? 'are' : 'would be'} denied`,
  ]);
}
