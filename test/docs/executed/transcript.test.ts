import { afterEach, beforeEach, expect, it } from 'vitest';
import { readFences } from '../read-fences.ts';
import { makeScratch, run, type Scratch } from './scratch.ts';

let scratch: Scratch;
beforeEach(async () => {
  scratch = await makeScratch();
});
afterEach(() => scratch.dispose());

it('the transcript that opens the README is what `npm start` prints', async () => {
  const { code, stderr } = await run(scratch, 'npm', ['start', '--silent', '--', '--once']);
  expect(code, stderr).toBe(0);
  // The folder and the id of a call are other ones each time, so what names them is left out.
  const printed = stderr
    .slice(stderr.indexOf('without Chaperone'))
    .split('\n')
    .filter((line) => !/^\s+why:|^\[/.test(line))
    .map((line) => line.replace(/\/\S*(chaperone\.yaml:)/, '$1'));
  expect(readFences().find(({ tag }) => tag === 'transcript')?.text).toBe(printed.join('\n'));
});

it('`npm start -- --once --json` prints the four outcomes as one JSON object', async () => {
  const { code, stdout, stderr } = await run(scratch, 'npm', ['start', '--silent', '--', '--once', '--json']);
  expect(code, stderr).toBe(0);
  const { without, with: guarded, outcomes } = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
  expect([without?.['lettersSent'], guarded?.['lettersSent']]).toEqual([1, 0]);
  expect(Object.keys(outcomes ?? {}).sort()).toEqual(['blocked', 'permitted', 'redacted', 'waiting']);
});
