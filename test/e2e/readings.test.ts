import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/app/open-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { commandPermissions } from '../../src/cli/command-permissions.ts';
import { routeRules } from '../../src/doors/http/permissions-of-routes.ts';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { issueToken, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';

/*
 * Whoever reads what runs said is recorded first, by every way there is to read it. What shows nothing of it, or numbers
 * alone, is named here: a command or route that comes and is in neither list fails.
 */

let notes: NotesFolder;
let gateway: RunningGateway;
let person: string;
const ids = { run: '', call: '', event: '', approval: '' };

beforeAll(async () => {
  notes = await newNotesFolder();
  await notes.edit('version: 1\n', 'version: 1\ndata: .chaperone\n');
  gateway = await startGateway(notes.folder);
  const agent = await issueToken(notes.folder, 'agent', 'agent');
  person = await issueToken(notes.folder, 'person', 'ana');
  for (const [tool, args] of [
    ['notes/read_note', { id: '7' }],
    ['notes/send_note', { to: 'bob@example.com', body: 'hello' }],
  ] as const) {
    await fetch(`${gateway.origin}/v1/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
      body: JSON.stringify({ tool, arguments: args }),
    });
  }
  const store = await openStore(`${notes.folder}/.chaperone`, systemClock);
  const events = await store.readEvents({ tenant: 'default', limit: 100 });
  await store.close();
  const intended = events.find(({ kind }) => kind === 'call.intended');
  const asked = events.find(({ kind }) => kind === 'call.asked');
  ids.run = intended?.runId ?? '';
  ids.call = intended?.callId ?? '';
  ids.event = intended?.id ?? '';
  ids.approval = String(asked?.body['approvalId']);
});
afterAll(async () => {
  await gateway.stop();
  await notes.dispose();
});

/** What was recorded of readings since the record had so many events. */
async function readingsSince(seq: number): Promise<readonly string[]> {
  const store = await openStore(`${notes.folder}/.chaperone`, systemClock);
  const events = await store.readEvents({ tenant: 'default', kinds: ['record.read'], afterSeq: seq, limit: 100 });
  await store.close();
  return events.map(({ body }) => String(body['what']));
}

async function lastSeq(): Promise<number> {
  const store = await openStore(`${notes.folder}/.chaperone`, systemClock);
  const [newest] = await store.readEvents({ tenant: 'default', newestFirst: true, limit: 1 });
  await store.close();
  return newest?.seq ?? 0;
}

const COMMANDS: Readonly<Record<string, () => readonly [readonly string[], string]>> = {
  tail: () => [['tail', '--no-follow'], 'events'],
  explain: () => [['explain', ids.call], `decision ${ids.call}`],
  replay: () => [['replay', ids.run], `run ${ids.run}`],
  status: () => [['status', '--run', ids.run], `run ${ids.run}`],
  'policy backtest': () => [['policy', 'backtest'], 'decisions of'],
  'approvals list': () => [['approvals', 'list'], 'approvals'],
  'approvals show': () => [['approvals', 'show', ids.approval], `approval ${ids.approval}`],
  'evidence export': () => [['evidence', 'export', '--run', ids.run, '--out', 'e.tar'], `evidence of run ${ids.run}`],
  'evidence prove': () => [['evidence', 'prove', ids.event], `event ${ids.event}`],
};

/** They show rules, tools, names of credentials, how many there are of something, or that all is well. */
const SHOW_NOTHING_SAID = [
  'policy lint',
  'policy diff',
  'tools diff',
  'servers pin',
  'approvals stats',
  'outbox list',
  'cred list',
  'cred report',
  'evidence fsck',
  'evidence copies',
];

const ROUTES: Readonly<Record<string, () => readonly [string, string]>> = {
  'GET /v1/runs/:id': () => [`/v1/runs/${ids.run}`, `run ${ids.run}`],
  'GET /v1/calls/:id/receipt': () => [`/v1/calls/${ids.call}/receipt`, `receipt ${ids.call}`],
  'GET /v1/approvals': () => ['/v1/approvals', 'approvals'],
  'GET /v1/approvals/:id': () => [`/v1/approvals/${ids.approval}`, `approval ${ids.approval}`],
  'GET /v1/decisions/:id': () => [`/v1/decisions/${ids.call}`, `decision ${ids.call}`],
  'GET /v1/events': () => ['/v1/events', 'events'],
};

/** They show how much was used, what is stopped, and what is in a text that is sent along. */
const ROUTES_SHOW_NOTHING_SAID = ['GET /v1/runs/:id/usage', 'POST /v1/scan', 'GET /metrics', 'GET /v1/isolations'];

const reading = (rules: Readonly<Record<string, unknown>>, of: (rule: unknown) => unknown) =>
  Object.entries(rules)
    .filter(([, rule]) => of(rule) === 'record.read')
    .map(([name]) => name);

describe('reading the record', () => {
  it('is recorded or shows nothing that runs said, by every command and route that takes `record.read`', () => {
    expect([...Object.keys(COMMANDS), ...SHOW_NOTHING_SAID].sort()).toEqual(
      reading(commandPermissions, (rule) => rule).sort(),
    );
    expect([...Object.keys(ROUTES), ...ROUTES_SHOW_NOTHING_SAID].sort()).toEqual(
      reading(routeRules, (rule) => (rule as { permission: string }).permission).sort(),
    );
  });

  it.each(Object.keys(COMMANDS))('by `%s` is recorded', async (name) => {
    const [args, what] = COMMANDS[name]?.() ?? [[], ''];
    const before = await lastSeq();
    const { stderr } = await runCommand(notes.folder, args);
    // Where no checkpoint covers it yet there is nothing to prove; that somebody wanted to read it is recorded.
    expect(stderr).not.toMatch(/E_(?!NOT_FOUND)/);
    expect(await readingsSince(before), stderr).toContainEqual(expect.stringContaining(what));
  });

  it.each(Object.keys(ROUTES))('by `%s` is recorded', async (name) => {
    const [path, what] = ROUTES[name]?.() ?? ['', ''];
    const before = await lastSeq();
    const response = await fetch(`${gateway.origin}${path}`, { headers: { authorization: `Bearer ${person}` } });
    expect(response.ok, await response.text()).toBe(true);
    expect(await readingsSince(before)).toEqual([what]);
  });

  it('is not for agents, nor for whoever has no role', async () => {
    const agent = await issueToken(notes.folder, 'agent', 'agent');
    for (const path of ['/v1/events', `/v1/decisions/${ids.call}`, '/v1/approvals', `/v1/approvals/${ids.approval}`]) {
      const before = await lastSeq();
      for (const token of [agent, 'none']) {
        const { status } = await fetch(`${gateway.origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
        expect([401, 403], path).toContain(status);
      }
      expect(await readingsSince(before)).toEqual([]);
    }
  });
});
