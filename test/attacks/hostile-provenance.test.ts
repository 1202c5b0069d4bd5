import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { genuineTwins, type HostileSession, hostileCases } from './hostile-provenance.ts';
import { openLineRun, verdictOf } from './line-session.ts';

/** Plays a case on a real line: what it does is noted down first, and then done, call by call. */
async function play(prompt: string, act: (session: HostileSession) => string): Promise<string> {
  const steps: { readonly tool: string; readonly args: JsonObject; readonly result: unknown }[] = [];
  act({
    read: (tool, args, result) => steps.push({ tool, args, result }),
    verdict: (tool, args) => {
      steps.push({ tool, args, result: 'ok' });
      return 'permit';
    },
  });
  const run = await openLineRun(prompt);
  let verdict = 'none';
  for (const { tool, args, result } of steps) verdict = verdictOf(await run.call(tool, args, result));
  if (verdict !== 'permit') expect(run.effects).not.toHaveLength(steps.length);
  return verdict;
}

describe('hostile provenance on the line', () => {
  it.each(hostileCases)('$name is not let through', async ({ prompt, act }) => {
    expect(await play(prompt, act)).not.toBe('permit');
  });

  it.each(genuineTwins)('the genuine twin goes through: %s', async (_, prompt, act) => {
    expect(await play(prompt, act)).toBe('permit');
  });
});
