import { describe, expect, it } from 'vitest';
import type { Intent } from '../../src/model/intent.ts';
import { call } from '../../src/runtime/call.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';

/**
 * A hijacked agent sends names and arguments that no record can hold, so that its attempt is refused and not written
 * down, or the record cannot be read any more. Every one of them is refused with its own code, and recorded.
 */

const HALF = '\ud83d'; // half of a surrogate pair: no text in any encoding of Unicode
const attacks: readonly [name: string, tool: string, args: unknown, code: string][] = [
  ['a tool name with half a character', `law/re${HALF}ad`, {}, 'E_TOOL_UNKNOWN'],
  ['a tool name that a cut ends in half a character', `${'x'.repeat(127)}${HALF}`, {}, 'E_TOOL_UNKNOWN'],
  ['a tool name of a megabyte', `law/${'x'.repeat(1_000_000)}`, {}, 'E_TOOL_UNKNOWN'],
  ['a tool name with a null character', 'law/read\0', {}, 'E_TOOL_UNKNOWN'],
  ['a tool of the prototype', 'law/__proto__', {}, 'E_TOOL_UNKNOWN'],
  ['a value with half a character', 'law/read', { text: HALF }, 'E_ARGUMENTS_INVALID'],
  ['a key with half a character', 'law/read', { [HALF]: 1 }, 'E_ARGUMENTS_INVALID'],
  ['a key of the prototype', 'law/read', JSON.parse('{"__proto__": {"text": "x"}}'), 'E_ARGUMENTS_INVALID'],
  ['a number that is none', 'law/read', { text: Number.NaN }, 'E_ARGUMENTS_INVALID'],
  [
    'a key that the schema does not name, as long as a book',
    'law/read',
    { ['k'.repeat(1_000_000)]: 1 },
    'E_ARGUMENT_UNKNOWN',
  ],
];

describe('names that do not fit the record', () => {
  it.each(attacks)('%s is refused, and recorded', async (_what, tool, args, code) => {
    const effects: Intent[] = [];
    const { world, truth } = await openLawWorld({
      catalog: lawCatalog({
        tools: [lawTool('read', { text: { type: 'string' } })],
        manifest: { version: 1, agents: { a: { tools: { 'law/*': {} } } } },
      }),
      call: counting(effects),
    });
    const principal = { tenant: 'default', agent: 'a' };
    const run = await world.runs.start({ principal, task: 'attack', prompt: [], attested: false });
    const answer = await call(world, { principal, runId: run.id, tool, arguments: args });
    expect(answer).toMatchObject({ kind: 'refused', code, ran: 'no' });
    const recorded = await truth.readEvents({ tenant: 'default', callId: answer.callId, limit: 10 });
    expect(recorded.map(({ kind, body }) => [kind, body['code']])).toEqual([['call.refused', code]]);
    expect(JSON.stringify(recorded).length, 'one refusal does not fill the record').toBeLessThan(50_000);
    expect(effects).toEqual([]);
  });
});
