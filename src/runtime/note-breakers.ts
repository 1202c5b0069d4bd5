import { newId } from '../base/clock.ts';
import type { Digest } from '../base/digest.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Principal } from '../model/principal.ts';
import type { Run } from '../model/run.ts';
import type { GovernedTool } from '../model/tool.ts';
import type { Change } from '../ports/store.ts';
import type { BreakerChange, BreakerPass, BreakerScope } from './breaker-book.ts';
import type { CallRequest } from './line/call-request.ts';
import { Refusal } from './line/refusal.ts';
import { pauseChanges } from './pause-run.ts';
import { tellPeople } from './tell-people.ts';
import type { World } from './world.ts';

/** Failures of a server or of what it promised. What a caller can bring about by its arguments alone is none of them. */
const BROKEN: ReadonlySet<ErrorCode> = new Set([
  'E_UPSTREAM_UNREACHABLE',
  'E_UPSTREAM_TIMEOUT',
  'E_UPSTREAM_LOST',
  'E_SERVER_LAUNCH',
  'E_RESULT_INVALID',
]);

/** Answers that say nothing against a run: it has to wait, or was stopped otherwise already. */
const BLAMELESS: ReadonlySet<ErrorCode> = new Set([
  'E_APPROVAL_PENDING',
  'E_BREAKER_OPEN',
  'E_BUNDLE_REPLACED',
  'E_BUSY',
  'E_CANCELLED',
  'E_ISOLATED',
  'E_RATE',
  'E_RUN_ENDED',
  'E_RUN_PAUSED',
  'E_RUN_UNKNOWN',
  'E_SERVER_BUSY',
  'E_STORE',
]);

/** Lets a granted call through, or refuses it because a breaker is open. */
export function enterBreakers(
  { guards }: World,
  manifest: Manifest,
  run: Run,
  tool: GovernedTool,
): BreakerPass | Refusal {
  const { tenant } = run.principal;
  const entered = guards.breakers.enter(manifest, [
    { kind: 'run', tenant, id: run.id },
    { kind: 'server', tenant, id: tool.tool.server },
    { kind: 'tool', tenant, id: tool.name },
  ]);
  if (!('open' in entered)) return entered;
  const { open, retryAfterMs } = entered;
  const message = `the breaker of the ${open.kind} \`${open.id}\` is open: too much of it has failed`;
  return new Refusal([{ code: 'E_BREAKER_OPEN', message }], 'E_BREAKER_OPEN', { retryAfterMs });
}

/** What a call that was made says about its tool, server and run: changes for the transaction of its outcome. */
export function noteConcluded(
  world: World,
  run: Run,
  call: {
    readonly id: string;
    readonly pass: BreakerPass;
    /** Of the refusal it came to. Absent: it went well. */
    readonly code: ErrorCode | undefined;
    readonly resultDigest: Digest | undefined;
  },
): readonly Change[] {
  const { code, pass } = call;
  world.guards.loops.answered(run.id, call.id, call.resultDigest);
  const went = (kind: BreakerScope['kind']) => {
    if (code === undefined) return 'well';
    if (code === 'E_CANCELLED' || code === 'E_SERVER_BUSY') return undefined;
    return kind === 'run' || BROKEN.has(code) ? 'badly' : 'well';
  };
  return recordBreakers(world, pass.leave(went), run.principal, run.id);
}

/** What a call that ended before its intent says about its run, if it is a run of the caller's. */
export function noteRefused(world: World, request: CallRequest, code: ErrorCode): readonly Change[] {
  const { principal, runId } = request;
  const run = world.runs.known(runId);
  if (run?.principal.tenant !== principal.tenant || run.principal.agent !== principal.agent) return [];
  if (BLAMELESS.has(code)) return [];
  const changes = world.guards.breakers.refused(world.catalog().manifest, {
    kind: 'run',
    tenant: principal.tenant,
    id: runId,
  });
  return recordBreakers(world, changes, principal, runId);
}

/** What breakers did, as changes for a transaction; whoever should know is told. */
export function recordBreakers(
  world: World,
  changes: readonly BreakerChange[],
  { tenant, agent }: Principal,
  runId: string,
): readonly Change[] {
  const atMs = world.clock.nowMs();
  return changes.flatMap(({ scope, from, to, failures, rules }): readonly Change[] => {
    const name = `${scope.kind}:${scope.id}`;
    const onOpen = to === 'open' && from === 'closed' ? rules.onOpen : 'refuse';
    const event = (kind: 'breaker.changed' | 'run.ended', body: Record<string, string | number>): Change => ({
      kind: 'event.append',
      event: { id: newId(world.clock, 'evt'), kind, tenant, runId, agent, atMs, body },
    });
    const reason = `the breaker of ${name} opened after ${failures} failures in a row`;
    if (to === 'open') world.guards.alert({ tenant, runId, message: reason });
    const changed = event('breaker.changed', { scope: name, from, to, failures, restMs: rules.rest, onOpen });
    if (onOpen === 'refuse') return [changed];
    const facts = { agent, run: runId, ...(scope.kind === 'tool' ? { tool: scope.id } : {}) };
    if (onOpen === 'end')
      return [
        changed,
        { kind: 'run.end', tenant, runId, atMs },
        event('run.ended', { reason }),
        ...tellPeople(world, tenant, 'run.ended', facts),
      ];
    return [
      changed,
      ...pauseChanges(world.clock, { tenant, runId, agent, reason, atMs }),
      ...tellPeople(world, tenant, 'run.paused', facts),
    ];
  });
}
