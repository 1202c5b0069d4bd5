import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { issueToken, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';
import { until } from './telemetry/receivers.ts';

let notes: NotesFolder;
let gateway: RunningGateway;
let agent: string;

const run = (...args: string[]) => runCommand(notes.folder, args);
const beside = (name: string) => join(notes.folder, name);
const readConfig = () => readFile(notes.config, 'utf8');

/** The text of the configuration with reading denied, and a prompt template. */
const stricter = async () =>
  `${(await readConfig()).replace('    deny:\n', '    deny:\n      - notes/read_note\n')}templates:\n  triage: { "1": prompts/triage.md }\n`;

const CASES = (expected: string) => `version: 1
cases:
  - { name: reading, agent: agent, tool: notes/read_note, arguments: { id: "1" }, expect: ${expected} }
`;

async function read(): Promise<number> {
  const response = await fetch(`${gateway.origin}/v1/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tool: 'notes/read_note', arguments: { id: '1' } }),
  });
  await response.body?.cancel();
  return response.status;
}

const untilReads = (status: number) =>
  until(`reading to answer ${status}`, async () => ((await read()) === status ? true : undefined));

beforeAll(async () => {
  notes = await newNotesFolder();
  gateway = await startGateway(notes.folder);
  agent = await issueToken(notes.folder, 'agent', 'agent');
  expect(await read()).toBe(200);
  expect(await read()).toBe(200);
});
afterAll(async () => {
  await gateway.stop();
  await notes.dispose();
});

it('rules are changed only when their cases pass and what they flip is meant to be, and are taken back whole', async () => {
  const before = await readConfig();
  await writeFile(beside('wrong.yaml'), `${before}nonsense: true\n`);
  expect(await run('policy', 'lint', 'wrong.yaml')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/wrong\.yaml:\d+/),
  });
  expect(await run('policy', 'apply', 'wrong.yaml')).toMatchObject({ code: 2 });

  await writeFile(beside('next.yaml'), await stricter());
  expect(await run('policy', 'lint', 'next.yaml'), 'a template that is not there').toMatchObject({ code: 2 });
  await mkdir(beside('prompts'));
  await writeFile(beside('prompts/triage.md'), 'Sort this.');
  expect(await run('policy', 'lint', 'next.yaml')).toMatchObject({ code: 0 });
  const shown = await run('policy', 'diff', 'next.yaml');
  expect(shown.stdout).toContain('+      - notes/read_note');
  expect(shown.stdout).toContain('+Sort this.');

  const flips = await run('--json', 'policy', 'backtest', 'next.yaml');
  expect(JSON.parse(flips.stdout)).toMatchObject({
    decided: 3, // the gateway's own probe is one of them
    same: 1,
    flips: [{ agent: 'agent', tool: 'notes/read_note', from: 'permit', to: 'deny', count: 2 }],
  });
  const [callId = ''] = (JSON.parse(flips.stdout) as { flips: { callIds: string[] }[] }).flips[0]?.callIds ?? [];
  expect(await run('explain', callId), 'what it links to').toMatchObject({ code: 0 });

  const unchanged = async (args: readonly string[], code: number, says: string) => {
    const { stdout, stderr, ...ended } = await run('policy', 'apply', 'next.yaml', ...args);
    expect({ ...ended, said: `${stdout}${stderr}` }).toEqual({ code, said: expect.stringContaining(says) });
    expect(await readConfig()).toBe(before);
  };
  await unchanged(['--accept-flips'], 2, 'no cases');
  await writeFile(beside('rules.cases.yaml'), CASES('permit'));
  await unchanged(['--accept-flips'], 6, 'E_TESTS_FAILED');
  await writeFile(beside('rules.cases.yaml'), CASES('deny'));
  await unchanged([], 6, 'E_FLIPS');
  await unchanged(['--dry-run'], 0, 'permit → deny');

  expect(await run('policy', 'apply', 'next.yaml', '--accept-flips')).toMatchObject({ code: 0 });
  await untilReads(403);
  expect(await run('policy', 'revert')).toMatchObject({ code: 0 });
  expect(await readConfig()).toBe(before);
  await untilReads(200);
  await rm(beside('prompts'), { recursive: true });
  expect(await run('policy', 'revert'), 'and once more: what was in force before these').toMatchObject({ code: 0 });
  expect(await readFile(beside('prompts/triage.md'), 'utf8'), 'with its template').toBe('Sort this.');
  await untilReads(403);
  expect(await run('policy', 'revert')).toMatchObject({ code: 0 });
  await untilReads(200);
  expect((await readdir(notes.folder)).filter((name) => /draft|pending/.test(name))).toEqual([]);
}, 400_000);

it('are taken back when what lies there is broken, or was never in force', async () => {
  const before = await readConfig();
  const broken: readonly [string, string][] = [
    ['a key that nobody knows', `${before}nonsense: true\n`],
    ['no YAML any more', `${before}agents: [\n`],
    ['rules that contradict the tools', `${before}policies: [gone.cedar]\n`],
    ['rules that no gateway took up', `# another\n${before}retention: { days: 3650 }\nlater: 1\n`],
  ];
  for (const [what, text] of broken) {
    await writeFile(notes.config, text);
    expect(await run('policy', 'revert'), what).toMatchObject({ code: 0 });
    expect(await readConfig(), what).toBe(before);
  }
  await rm(notes.config);
  expect(await run('policy', 'revert'), 'no file at all').toMatchObject({ code: 0 });
  expect(await readConfig()).toBe(before);
  expect(await read()).toBe(200);
}, 200_000);

it('rules that somebody was killed while replacing are not read until they are whole', async () => {
  const before = await readConfig();
  const next = await stricter();
  // What is on disk when the power goes after the list and before the first file.
  await writeFile(beside('.draft-1'), next);
  await writeFile(beside('.draft-2'), 'Sort that.');
  const pending = [
    { draft: beside('.draft-2'), path: beside('prompts/triage.md') },
    { draft: beside('.draft-1'), path: notes.config },
  ];
  await writeFile(beside('.chaperone.yaml-pending.json'), JSON.stringify(pending));
  expect(await run('policy', 'lint')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('chaperone policy finish'),
  });
  expect(await read(), 'what runs keeps what it has').toBe(200);
  expect(await readConfig()).toBe(before);
  // A version never gets another text: the rules are whole, and refused.
  expect(await run('policy', 'finish')).toMatchObject({ code: 0 });
  expect(await readConfig()).toBe(next);
  await until('the refusal', () => (gateway.stderr().includes('registered with another text') ? true : undefined));
  expect(await read()).toBe(200);
  expect(await run('policy', 'finish'), 'once more').toMatchObject({ code: 0 });
}, 200_000);
