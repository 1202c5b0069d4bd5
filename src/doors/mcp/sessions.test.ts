import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { LegacySession } from './legacy-session.ts';
import { Sessions } from './sessions.ts';

type State = 'idle' | 'listens' | 'works';

const open: Sessions[] = [];
afterEach(() => {
  for (const sessions of open.splice(0)) sessions.close();
});

function openSessions(): Sessions {
  const sessions = new Sessions(systemClock);
  open.push(sessions);
  return sessions;
}

/** As much of a session as the table looks at. */
function session(agent: string, state: State): LegacySession {
  const caller = { principal: { tenant: 't', agent }, runId: 'run' };
  return { caller, busy: state !== 'idle', working: state === 'works', end: () => {} } as unknown as LegacySession;
}

function fill(sessions: Sessions, agent: string, states: readonly State[]): readonly string[] {
  return states.map((state) => sessions.add(session(agent, state)));
}

const of = (count: number, state: State): State[] => Array.from({ length: count }, () => state);

describe('a principal with as many sessions as it may have', () => {
  const full = limits.mcpSessionsPerPrincipal;
  it.each([
    ['the one that is idle, before older ones that are not', ['works', 'listens', 'idle', ...of(full - 3, 'works')], 2],
    ['the one that is idle longest', [...of(full - 2, 'listens'), 'idle', 'idle'], full - 2],
    ['one that only listens, where none is idle', ['works', 'listens', ...of(full - 2, 'works')], 1],
  ] as const)('loses %s', (_, states, goes) => {
    const sessions = openSessions();
    const ids = fill(sessions, 'a', states);
    sessions.add(session('a', 'idle'));
    const { caller } = session('a', 'idle');
    expect(ids.filter((id) => sessions.find(id, caller) === undefined)).toEqual([ids[goes]]);
  });

  it('gets no more while all are at work, and others do', () => {
    const sessions = openSessions();
    fill(sessions, 'a', of(full, 'works'));
    expect(() => sessions.add(session('a', 'idle'))).toThrow(expect.objectContaining({ code: 'E_BUSY' }));
    expect(sessions.add(session('b', 'idle'))).toEqual(expect.any(String));
  });
});

describe('a table that is full', () => {
  it('makes room by an idle session, the newcomer’s own first, and never by one at work', () => {
    const sessions = openSessions();
    const agents = limits.mcpSessions / limits.mcpSessionsPerPrincipal;
    const [idle = ''] = fill(sessions, 'agent0', ['idle']);
    for (let n = 0; n < agents; n++)
      fill(sessions, `agent${n}`, of(limits.mcpSessionsPerPrincipal - (n < 2 ? 1 : 0), 'works'));
    const [own = ''] = fill(sessions, 'agent1', ['idle']);
    sessions.add(session('agent1', 'works'));
    expect(sessions.find(own, session('agent1', 'idle').caller)).toBeUndefined();
    expect(sessions.find(idle, session('agent0', 'idle').caller)).toBeDefined();
    const newcomer = sessions.add(session('new', 'works'));
    expect(sessions.find(idle, session('agent0', 'idle').caller)).toBeUndefined();
    expect(() => sessions.add(session('new2', 'idle'))).toThrow(expect.objectContaining({ code: 'E_BUSY' }));
    expect(sessions.find(newcomer, session('new', 'idle').caller)).toBeDefined();
  });
});
