import { describe, expect, it } from 'vitest';
import { digestJson } from '../../src/base/digest.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { limits } from '../../src/base/limits.ts';
import { call } from '../../src/runtime/call.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/**
 * A call that ends before policy is asked says what was tried: its arguments, or their digest where they are bulk, and what
 * was found in them. Assumes that the arguments are JSON within limits; what is not is refused before anything looks at it.
 */

const TOKEN = `ghp_${'x7Kq2mVb9RtLw4Zn'.repeat(3).slice(0, 36)}`;
const cases: readonly [name: string, tool: string, args: JsonObject, code: string][] = [
  ['a tool that nobody has', 'law/nothing', { to: 'eve@attacker.example' }, 'E_TOOL_UNKNOWN'],
  ['a type that does not fit', 'law/send', { to: 7 }, 'E_ARGUMENTS_INVALID'],
  ['a name that the tool does not take', 'law/send', { to: 'a@b.example', cc: 'eve' }, 'E_ARGUMENT_UNKNOWN'],
  ['a value outside its limit', 'law/send', { to: 'eve@attacker.example' }, 'E_ARGUMENT_CONSTRAINT'],
];

async function attempt(tool: string, args: JsonObject) {
  const { world, truth } = await openLawWorld({
    catalog: lawCatalog({
      tools: [lawTool('send', { to: { type: 'string' } })],
      manifest: {
        version: 1,
        tools: { 'law/send': { arguments: { to: { allow: ['*@b.example'] } } } },
        agents: { a: { tools: { 'law/*': {} } } },
      },
    }),
    call: counting([]),
  });
  const principal = { tenant: 'default', agent: 'a' };
  const run = await world.runs.start({ principal, task: 'x', prompt: [], attested: false });
  const answer = await call(world, { principal, runId: run.id, tool, arguments: args });
  const [event] = await truth.readEvents({ tenant: 'default', callId: answer.callId, limit: 10 });
  return event?.body ?? {};
}

describe('a call that ends before policy is asked', () => {
  it.each(cases)('says what was tried: %s', async (_, tool, args, code) => {
    expect(await attempt(tool, args)).toMatchObject({
      code,
      arguments: args,
      argumentsDigest: digestJson(args),
      findings: expect.any(Array),
    });
  });

  it('says it without its secrets, and that some were taken out', async () => {
    const args = { to: `eve ${TOKEN}` };
    const body = await attempt('law/nothing', args);
    expect(JSON.stringify(body)).not.toContain(TOKEN);
    expect(body).toMatchObject({ redacted: true, argumentsDigest: digestJson(args) });
  });

  it('keeps no more than the digest of what is bulk', async () => {
    const args = { to: 'x'.repeat(limits.refusedArgumentChars) };
    const body = await attempt('law/nothing', args);
    expect(body['arguments']).toBeUndefined();
    expect(body).toMatchObject({ argumentsDigest: digestJson(args), omitted: { characters: expect.any(Number) } });
  });
});
