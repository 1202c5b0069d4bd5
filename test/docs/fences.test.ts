import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeFence, readFences, root } from './read-fences.ts';

/** What may stand behind a language, and so what a test does with the block. A language not here cannot be used. */
const TAGS: Readonly<Record<string, readonly string[]>> = {
  // `run` and `serve` are executed; `ci` are the commands below.
  sh: ['run', 'serve', 'ci'],
  // `run` is type-checked and executed, `check` is type-checked.
  ts: ['run', 'check'],
  yaml: ['config', 'cases'],
  cedar: ['policy', 'compiled'],
  json: ['', 'client'],
  text: ['', 'transcript'],
};

/** Commands that the documents name and that are not run here: they install everything, or are this very test run. */
const NOT_RUN_HERE = ['npm ci', 'npm start', 'npm test', 'npm run check', 'npm run soak'];

const fences = readFences();

describe('fenced blocks', () => {
  it('say what they are, so that a test holds them', () => {
    const untagged = fences.filter(({ language, tag }) => !TAGS[language]?.includes(tag)).map(describeFence);
    expect(untagged).toEqual([]);
    expect(fences.filter(({ language }) => language === 'sh').length).toBeGreaterThan(5);
  });

  it('hold JSON where they say so', () => {
    for (const fence of fences.filter(({ language }) => language === 'json')) {
      expect(() => JSON.parse(fence.text), describeFence(fence)).not.toThrow();
    }
  });

  it('name no command that is neither run nor on the list of those that are not', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const fence of fences.filter(({ tag }) => tag === 'ci')) {
      const commands = fence.text
        .split('\n')
        .flatMap((line) => line.replace(/#.*/, '').split('&&'))
        .map((command) => command.trim())
        .filter(Boolean);
      expect(
        commands.filter((command) => !NOT_RUN_HERE.includes(command)),
        describeFence(fence),
      ).toEqual([]);
      for (const command of commands) {
        const script = command.replace(/^npm (run )?/, '');
        if (script !== 'ci') expect(scripts, describeFence(fence)).toHaveProperty(script);
      }
    }
  });
});
