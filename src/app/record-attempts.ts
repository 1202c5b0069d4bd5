import { newId } from '../base/clock.ts';
import type { Intent } from '../model/intent.ts';
import type { EscapeAttempt } from '../ports/sandbox.ts';
import { type AlertFacts, tellPeople } from '../runtime/tell-people.ts';
import type { World } from '../runtime/world.ts';
import type { Notify } from './notice.ts';

type Recording = Pick<World, 'store' | 'clock' | 'catalog' | 'guards'>;

/** What code ran into, under its call. Rejects where it cannot be recorded. */
export async function recordAttemptsOfCode(
  world: Recording,
  notify: Notify,
  tenant: string,
  intent: Intent,
  attempts: readonly EscapeAttempt[],
): Promise<void> {
  const { runId, id: callId, tool } = intent.call;
  const agent = (await world.store.readRun(tenant, runId))?.principal.agent;
  const facts = { ...(agent === undefined ? {} : { agent }), tool, run: runId, call: callId };
  const event = { runId, callId, ...(agent === undefined ? {} : { agent }), tool };
  await record(world, tenant, facts, event, attempts);
  tell(notify, `${callId}: code of agent \`${agent ?? 'unknown'}\``, attempts);
}

/** What a server ran into: it serves many calls, so it is under none. Rejects where it cannot be recorded. */
export async function recordAttemptsOfServer(
  world: Recording,
  notify: Notify,
  tenant: string,
  server: string,
  attempts: readonly EscapeAttempt[],
): Promise<void> {
  await record(world, tenant, { server }, {}, attempts);
  tell(notify, `server \`${server}\``, attempts);
}

/** What a program within walls ran into, under its run. Rejects where it cannot be recorded. */
export async function recordAttemptsOfProgram(
  world: Recording,
  notify: Notify,
  tenant: string,
  facts: { readonly agent: string; readonly run: string },
  attempts: readonly EscapeAttempt[],
): Promise<void> {
  await record(world, tenant, facts, { runId: facts.run, agent: facts.agent }, attempts);
  tell(notify, `the program of agent \`${facts.agent}\``, attempts);
}

async function record(
  world: Recording,
  tenant: string,
  facts: AlertFacts,
  about: { readonly runId?: string; readonly callId?: string; readonly agent?: string; readonly tool?: string },
  attempts: readonly EscapeAttempt[],
): Promise<void> {
  const { store, clock } = world;
  const recorded = await store.commit([
    ...tellPeople(world, tenant, 'escape.attempted', { ...facts, severity: worstOf(attempts) }),
    {
      kind: 'event.append',
      event: {
        id: newId(clock, 'evt'),
        kind: 'escape.attempted',
        tenant,
        ...about,
        atMs: clock.nowMs(),
        body: {
          ...(facts.server === undefined ? {} : { server: facts.server }),
          severity: worstOf(attempts),
          attempts: attempts.map(({ kind, severity, detail }) => ({ kind, severity, detail })),
        },
      },
    },
  ]);
  if (!recorded.ok) throw new Error(recorded.message);
}

function tell(notify: Notify, who: string, attempts: readonly EscapeAttempt[]): void {
  const details = attempts.map(({ detail }) => detail).join('; ');
  notify({
    kind: worstOf(attempts) === 'high' ? 'error' : 'warning',
    message: `${who} ran into the walls of its sandbox: ${details}`,
  });
}

function worstOf(attempts: readonly EscapeAttempt[]): EscapeAttempt['severity'] {
  return (['high', 'medium'] as const).find((one) => attempts.some(({ severity }) => severity === one)) ?? 'low';
}
