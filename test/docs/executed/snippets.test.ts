import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { has } from '../../../scripts/needs.ts';
import { describeFence, type Fence, readFences } from '../read-fences.ts';
import { findPort, makeScratch, run, type Scratch, serve } from './scratch.ts';

const PORT = /\b7070\b/g;

const fences = readFences();
const shell = fences.filter(({ language, tag }) => language === 'sh' && tag !== 'ci');
/** What stands under one heading is one session, in a checkout of its own. */
const sessions = [...Map.groupBy(shell, ({ file, heading }) => `${file}: ${heading}`)];
const usesCurl = (blocks: readonly Fence[]) => blocks.some(({ text }) => text.includes('curl'));
const programs = fences.filter(({ language, tag }) => language === 'ts' && tag === 'run');

let scratch: Scratch;
beforeEach(async () => {
  scratch = await makeScratch();
});
afterEach(() => scratch.dispose());

describe('the commands of the documents', () => {
  const plain = sessions.filter(([, blocks]) => !usesCurl(blocks));
  it.each(plain)('%s', (_, blocks) => runSession(blocks));

  const overHttp = sessions.filter(([, blocks]) => usesCurl(blocks));
  it.skipIf(!has('curl')).each(overHttp)('%s', (_, blocks) => runSession(blocks));

  it('are many', () => expect(Math.min(plain.length, overHttp.length)).toBeGreaterThan(1));
});

async function runSession(blocks: readonly Fence[]): Promise<void> {
  const port = String(await findPort());
  const text = (tag: string) =>
    blocks.filter((block) => block.tag === tag).map((block) => block.text.replace(PORT, port));
  const before = await readFile(scratch.clientFile, 'utf8');
  const served = await Promise.all(text('serve').map((script) => serve(scratch, script)));
  try {
    const script = text('run').join('\n');
    const { code, stdout, stderr } = await (script.includes('approvals approve') ? runAtTerminal : runScript)(script);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
    expect(stderr).not.toContain('E_INTERNAL');
  } finally {
    for (const one of served) await one.stop();
  }
  expect(await readFile(scratch.clientFile, 'utf8'), 'the client is as it was').toBe(before);
}

const runScript = (script: string) => run(scratch, 'bash', ['-euo', 'pipefail', '-c', script]);

/** As a reader types it: approving takes somebody who is there. */
async function runAtTerminal(script: string): ReturnType<typeof runScript> {
  const file = join(scratch.folder, 'commands.sh');
  await writeFile(file, script);
  return run(scratch, 'script', ['-qec', `bash -euo pipefail '${file}'`, '/dev/null']);
}

describe('the programs of the documents', () => {
  it.each(programs.map((fence) => [describeFence(fence), fence] as const))(
    '%s prints what it says it prints',
    async (_, fence) => {
      const file = join(scratch.folder, 'program.ts');
      await writeFile(file, fence.text.replaceAll("'chaperone'", "'./src/index.ts'"));
      const { code, stdout, stderr } = await run(scratch, 'node', [file]);
      expect(code, stderr).toBe(0);
      const lines = stdout.split('\n');
      for (const expected of listPrinted(fence)) {
        const [start = ''] = expected.split(' …');
        expect(
          lines.some((line) => line.startsWith(start)),
          `${expected}\nin\n${stdout}`,
        ).toBe(true);
      }
      expect(listPrinted(fence).length).toBeGreaterThan(0);
    },
  );
});

/** What the comments behind `console.log` say it prints; all after ` …` is left open. */
function listPrinted({ text }: Fence): readonly string[] {
  return [...text.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map((match) => match[1] ?? '');
}
