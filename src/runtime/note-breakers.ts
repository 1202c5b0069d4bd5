import { newId } from '../base/clock.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Principal } from '../model/principal.ts';
import type { Run } from '../model/run.ts';
import type { GovernedTool } from '../model/tool.ts';
import type { Change } from '../ports/store.ts';
import { type BreakerPass, type BreakerScope, type BreakerTurn, keyOf } from './breaker-book.ts';
import { countsAgainstRun, howItWent } from './breaker-causes.ts';
import type { CallRequest } from './line/call-request.ts';
import { commit } from './line/commit.ts';
import { Refusal, refuse } from './line/refusal.ts';
import { pauseChanges } from './pause-run.ts';
import { tellPeople } from './tell-people.ts';
import type { World } from './world.ts';

interface BreakerCall {
  readonly manifest: Manifest;
  readonly run: Run;
  readonly tool: GovernedTool;
}

/** Lets a granted call through, or refuses it because a breaker is open, by what this process knows. */
export function enterBreakers({ guards }: World, { manifest, run, tool }: BreakerCall): BreakerPass | Refusal {
  const entered = guards.breakers.enter(manifest, scopesOf(run, tool));
  if (!('open' in entered)) return entered;
  const { open, retryAfterMs } = entered;
  const message = `the breaker of the ${open.kind} \`${open.id}\` is open: too much of it has failed`;
  return new Refusal([{ code: 'E_BREAKER_OPEN', message }], 'E_BREAKER_OPEN', { retryAfterMs });
}

/**
 * Looks how breakers stand, where one call is under way to see whether it works again: it may be another gateway’s, and may
 * have ended. True where `enterBreakers` is to be asked again.
 */
export async function lookAgain(world: World, { run, tool }: BreakerCall): Promise<boolean> {
  const scopes = scopesOf(run, tool);
  return world.guards.breakers.isTried(scopes) && (await readBreakers(world, scopes));
}

/** What an intent requires of breakers, and does to them: changes for its transaction. */
export function requireBreakers(world: World, pass: BreakerPass, run: Run): readonly Change[] {
  const closed = pass.closed.length === 0 ? [] : [{ kind: 'breaker.require' as const, scopes: pass.closed }];
  return pass.turns.length === 0 ? closed : [...closed, ...recordBreakers(world, pass.turns, run.principal, run.id)];
}

/**
 * An intent was refused, and its pass cancelled. Where that is because another gateway has changed a breaker, this one
 * learns how it stands: the call is refused for as long as the breaker is open, or goes the way again that it came.
 */
export async function learnBreakers(
  world: World,
  refused: Refusal,
  pass: BreakerPass,
  call: BreakerCall,
): Promise<Refusal> {
  const scopes = scopesOf(call.run, call.tool);
  if (refused.code === 'E_BUSY' && pass.turns.length > 0) await readBreakers(world, scopes);
  if (refused.code !== 'E_BREAKER_OPEN' || !(await readBreakers(world, scopes))) return refused;
  const entered = enterBreakers(world, call);
  if (entered instanceof Refusal) return entered;
  entered.cancel();
  return refuse('E_BUSY', 'a breaker has changed meanwhile; decide again');
}

/** What a call that was made says about its tool, server and run. */
export function noteConcluded(
  run: Run,
  tool: GovernedTool,
  pass: BreakerPass,
  /** Of the refusal it came to. Absent: it went well. */
  code: ErrorCode | undefined,
): Noting {
  const turn = () => pass.leave((kind) => howItWent(kind, code));
  return { scopes: scopesOf(run, tool), principal: run.principal, runId: run.id, turn };
}

/** What a call that ended before its intent says about its run, if it is a run of the caller's. */
export function noteRefused(world: World, request: CallRequest, code: ErrorCode): Noting | undefined {
  const { principal, runId } = request;
  const run = world.runs.known(runId);
  if (run?.principal.tenant !== principal.tenant || run.principal.agent !== principal.agent) return undefined;
  if (!countsAgainstRun(code)) return undefined;
  const scope = { kind: 'run', tenant: principal.tenant, id: runId } as const;
  const { manifest } = world.catalog();
  return { scopes: [scope], principal, runId, turn: () => world.guards.breakers.refused(manifest, scope) };
}

/** What a call says about breakers, to be counted with its record. */
export interface Noting {
  readonly scopes: readonly BreakerScope[];
  readonly principal: Principal;
  readonly runId: string;
  turn(): readonly BreakerTurn[];
}

const MOST_TRIES = 4;

/**
 * Commits a record with what it says about breakers. Where another gateway has changed one meanwhile, how it stands is read
 * and counted anew; at last the record is written without: it matters more than a count.
 */
export async function commitNoted(
  world: World,
  noting: Noting | undefined,
  changesWith: (noted: readonly Change[]) => readonly Change[],
): Promise<Awaited<ReturnType<typeof commit>>> {
  for (let left = MOST_TRIES; ; left--) {
    const turns = left === 0 ? [] : (noting?.turn() ?? []);
    const noted = noting === undefined ? [] : recordBreakers(world, turns, noting.principal, noting.runId);
    const recorded = await commit(world, changesWith(noted));
    if (noting === undefined || turns.length === 0) return recorded;
    if (recorded instanceof Refusal) await readBreakers(world, noting.scopes);
    else tellOpened(world, turns, noting.principal, noting.runId);
    if (!(recorded instanceof Refusal) || recorded.code !== 'E_BUSY') return recorded;
  }
}

/** Takes over how breakers stand in the store. False where it does not answer. */
async function readBreakers(world: World, scopes: readonly BreakerScope[]): Promise<boolean> {
  try {
    world.guards.breakers.learn(await world.store.readBreakers(scopes.length, scopes.map(keyOf)), scopes);
    return true;
  } catch {
    return false; // What was to be written is refused by the store too.
  }
}

function scopesOf({ id, principal: { tenant } }: Run, tool: GovernedTool): readonly BreakerScope[] {
  return [
    { kind: 'run', tenant, id },
    { kind: 'server', tenant, id: tool.tool.server },
    { kind: 'tool', tenant, id: tool.name },
  ];
}

/** What breakers did, as changes for a transaction. */
function recordBreakers(
  world: World,
  turns: readonly BreakerTurn[],
  { tenant, agent }: Principal,
  runId: string,
): readonly Change[] {
  const atMs = world.clock.nowMs();
  return turns.flatMap((turn): readonly Change[] => {
    const { scope, rules } = turn;
    const from = turn.from?.state ?? 'closed';
    const to = turn.to?.state ?? 'closed';
    const kept: Change = { kind: 'breaker.turn', scope: keyOf(scope), from: turn.from, to: turn.to };
    if (from === to) return [kept];
    const onOpen = to === 'open' && from === 'closed' ? rules.onOpen : 'refuse';
    const event = (kind: 'breaker.changed' | 'run.ended', body: Record<string, string | number>): Change => ({
      kind: 'event.append',
      event: { id: newId(world.clock, 'evt'), kind, tenant, runId, agent, atMs, body },
    });
    const failures = turn.to?.failures ?? 0;
    const name = `${scope.kind}:${scope.id}`;
    const changed = [kept, event('breaker.changed', { scope: name, from, to, failures, restMs: rules.rest, onOpen })];
    if (onOpen === 'refuse') return changed;
    const reason = reasonOf(turn);
    const facts = { agent, run: runId, ...(scope.kind === 'tool' ? { tool: scope.id } : {}) };
    if (onOpen === 'end')
      return [
        ...changed,
        { kind: 'run.end', tenant, runId, atMs },
        event('run.ended', { reason }),
        ...tellPeople(world, tenant, 'run.ended', facts),
      ];
    return [
      ...changed,
      ...pauseChanges(world.clock, { tenant, runId, agent, reason, atMs }),
      ...tellPeople(world, tenant, 'run.paused', facts),
    ];
  });
}

function tellOpened(world: World, turns: readonly BreakerTurn[], { tenant }: Principal, runId: string): void {
  for (const turn of turns)
    if (turn.to?.state === 'open' && turn.to.failures !== turn.from?.failures)
      world.guards.alert({ tenant, runId, message: reasonOf(turn) });
}

const reasonOf = ({ scope, to }: BreakerTurn): string =>
  `the breaker of ${scope.kind}:${scope.id} opened after ${to?.failures ?? 0} failures in a row`;
