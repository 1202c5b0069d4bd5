import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { newNotesFolder } from './notes-folder.ts';
import { connectClient, issueToken, runCommand, startGateway } from './start-gateway.ts';

/** How long an edit may take to be noticed, on a machine that is busy. */
const NOTICED_MS = 30_000;

async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const step = 100;
  for (let waited = 0; waited < NOTICED_MS; waited += step) {
    if (await holds()) return;
    await wait(step);
  }
  throw new Error(`it did not happen: ${what}`);
}

it('changing one line flips a decision, and explain says why with the new line; a wrong edit changes nothing', async () => {
  const notes = await newNotesFolder();
  const { folder } = notes;
  const gateway = await startGateway(folder);
  try {
    const client = await connectClient(gateway.origin, await issueToken(folder, 'agent', 'agent'));
    const read = async () => {
      const result = await client
        .callTool({ name: 'read_note', arguments: { id: 'one' } })
        .catch((error: Error) => error);
      if (result instanceof Error) return { code: result.message, callId: '' };
      const meta = result._meta ?? {};
      return {
        code: result.isError === true ? String(meta['chaperone/code']) : 'result',
        callId: String(meta['chaperone/callId']),
      };
    };
    const lineOf = async (text: string) =>
      (await readFile(notes.config, 'utf8')).split('\n').findIndex((line) => line.includes(text)) + 1;
    const inForce = () => gateway.stderr().split('is in force as').length - 1;
    expect((await read()).code).toBe('result');

    // One line, and the same call asks a person.
    await notes.edit('notes/read_note: {}', 'notes/read_note: { approval: required }');
    await until(() => inForce() === 1, 'the gateway took the new configuration');
    const asked = await read();
    expect(asked.code).toBe('E_APPROVAL_PENDING');
    const explained = await runCommand(folder, ['explain', asked.callId, '--trace']);
    expect(explained.code).toBe(0);
    expect(explained.stdout).toContain(`chaperone.yaml:${await lineOf('notes/read_note: { approval')}:`);
    expect(explained.stdout).toContain('approval: required');

    // A rule that stands one line further down is named where it stands now.
    await notes.edit('version: 1\n', 'version: 1\n# moved\n');
    await until(() => inForce() === 2, 'the gateway took the comment');
    const moved = await read();
    const stdout = (await runCommand(folder, ['explain', moved.callId])).stdout;
    expect(stdout).toContain(`chaperone.yaml:${await lineOf('notes/read_note: { approval')}:`);

    // What cannot be read, what is misspelt and what names nothing is refused with its place; nothing changes.
    const wrong: readonly (readonly [from: string, to: string, said: RegExp])[] = [
      ['agents:', 'agnets:', /chaperone\.yaml:\d+:1:.*agnets/],
      ['read_note: { approval: required }', 'read_note: { approval: sometimes }', /chaperone\.yaml:\d+:\d+:/],
      ['version: 1\n', 'version: 1\n  : [\n', /chaperone\.yaml:\d+:\d+:/],
      ['version: 1\n', 'version: 1\npolicies: [none.cedar]\n', /chaperone\.yaml:2:\d+:.*none\.cedar/],
    ];
    const good = await readFile(notes.config, 'utf8');
    for (const [from, to, said] of wrong) {
      const before = gateway.stderr().length;
      await notes.edit(from, to);
      const news = () => gateway.stderr().slice(before);
      await until(() => news().includes('the previous version stays in force'), `a refusal of \`${to}\``);
      expect(news()).toMatch(said);
      expect((await read()).code).toBe('E_APPROVAL_PENDING');
      await notes.edit(await readFile(notes.config, 'utf8'), good);
    }

    // The way back is an edit like any other.
    await notes.edit('notes/read_note: { approval: required }', 'notes/read_note: {}');
    await until(async () => (await read()).code === 'result', 'the first decision came back');

    // A grant that is gone is a denial with the nearest change.
    await notes.edit('      notes/read_note: {}\n', '');
    await until(async () => (await read()).code !== 'result', 'the grant went');
    const record = (await runCommand(folder, ['--json', 'status'])).stdout;
    expect(JSON.parse(record)).toMatchObject({ started: true });
    await client.close();
  } finally {
    expect(await gateway.stop()).toBe(130);
    await notes.dispose();
  }
});
