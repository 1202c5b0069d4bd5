import { newId } from '../base/clock.ts';
import { errorEntry } from '../base/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { restoreExact } from '../model/exact.ts';
import type { ReadBack } from '../model/read-back.ts';
import type { ToolResult } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { CallAnswer } from './line/call-answer.ts';
import type { CallRequest } from './line/call-request.ts';
import { commit } from './line/commit.ts';
import { tellPeople } from './tell-people.ts';
import { VERIFIER } from './verifier.ts';
import type { Walk } from './walk.ts';
import type { World } from './world.ts';

type Answer = Extract<CallAnswer, { kind: 'result' }>;

/** Why an effect is not confirmed. Names paths, and no value: those come from tools. */
interface Doubt {
  readonly message: string;
  readonly readBack?: string;
}

const READ_BACK_LIFE_MS = 60_000;

/**
 * Reads back what a write was to bring about, in a run of Chaperone's own, for this purpose, with the values the write was
 * granted with. Where it does not hold, or cannot be told, that is an incident, and the answer says so. Never throws.
 */
export async function confirmEffect(
  world: World,
  request: CallRequest,
  answer: Answer,
  rule: ReadBack,
  walk: Walk,
): Promise<CallAnswer> {
  const doubt = await readBack(world, request, answer, rule, walk).catch(
    (): Doubt => ({ message: 'it could not be read back' }),
  );
  if (doubt === undefined) return answer;
  const { tenant, agent } = request.principal;
  const { runId, tool } = request;
  const message = `\`${tool}\` ran, and ${doubt.message} (call ${answer.callId})`;
  world.guards.alert({ tenant, runId, message: `incident: ${message}` });
  const facts = { agent, tool, run: runId, call: answer.callId };
  await commit(world, [
    ...tellPeople(world, tenant, 'effect.unconfirmed', facts),
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'incident.opened',
        tenant,
        runId,
        callId: answer.callId,
        agent,
        tool,
        atMs: world.clock.nowMs(),
        body: {
          what: 'effect-not-confirmed',
          message: doubt.message,
          call: rule.call,
          ...(doubt.readBack === undefined ? {} : { readBack: doubt.readBack }),
        },
      },
    },
  ]);
  if (world.catalog().manifest.mode === 'observe') return answer;
  return {
    kind: 'refused',
    callId: answer.callId,
    code: 'E_UNCONFIRMED',
    reasons: [{ code: 'E_UNCONFIRMED', message }],
    toModel: errorEntry('E_UNCONFIRMED').toModel,
    ran: 'yes',
    ...(answer.receipt === undefined ? {} : { receipt: answer.receipt }),
  };
}

async function readBack(
  world: World,
  request: CallRequest,
  answer: Answer,
  rule: ReadBack,
  walk: Walk,
): Promise<Doubt | undefined> {
  const { tenant, onBehalfOf } = request.principal;
  const given = { arguments: await readArguments(world, tenant, answer.callId), result: contentOf(answer.result) };
  const args: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(rule.arguments)) {
    const found = resolve(value, given);
    if (found === undefined) return { message: `there is no \`${String(value)}\` to read it back by` };
    args[name] = found;
  }
  const run = await startReadBack(world, tenant, onBehalfOf, answer.callId, args);
  try {
    const read = await walk({
      principal: run.principal,
      runId: run.id,
      tool: rule.call,
      arguments: args,
      confirms: answer.callId,
    });
    const readId = read.callId;
    if (read.kind === 'refused') return { message: `it could not be read back: ${read.code}`, readBack: readId };
    if (read.result.isError) return { message: 'it could not be read back: the tool said no', readBack: readId };
    const seen = contentOf(read.result);
    const wrong = Object.entries(rule.expect).filter(([path, value]) => {
      const expected = resolve(value, given);
      return expected === undefined || at(seen, path) !== expected;
    });
    if (wrong.length === 0) return undefined;
    const paths = wrong.map(([path]) => `\`${path}\``).join(', ');
    return { message: `what was read back is not what was expected at ${paths}`, readBack: readId };
  } finally {
    await world.runs.end(tenant, run.id).catch(() => {}); // it ends by itself within a minute
  }
}

/** The values are those of a call that was granted: to read them back is part of what was granted. */
function startReadBack(
  world: World,
  tenant: string,
  user: CallRequest['principal']['onBehalfOf'],
  callId: string,
  args: JsonObject,
): Promise<Run> {
  return world.runs.start({
    principal: { tenant, agent: VERIFIER, ...(user === undefined ? {} : { onBehalfOf: user }) },
    task: `confirm ${callId}`,
    prompt: [{ kind: 'user', text: JSON.stringify(args) }],
    attested: true,
    lifeMs: READ_BACK_LIFE_MS,
  });
}

/** The arguments as they were executed. */
async function readArguments({ store }: World, tenant: string, callId: string): Promise<JsonObject> {
  const events = await store.readEvents({ tenant, callId, limit: 10 });
  const intended = events.find(({ kind }) => kind === 'call.intended');
  const args = intended && restoreExact(intended.body)['arguments'];
  return isJsonObject(args) ? args : {};
}

function contentOf({ structuredContent, content }: ToolResult): JsonValue {
  if (structuredContent !== undefined) return structuredContent;
  const text = content.map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('\n');
  try {
    return JSON.parse(text) as JsonValue; // whatever JSON has in it
  } catch {
    return text;
  }
}

const REFERENCE = /^\$(arguments|result)\.(.+)$/;

function resolve(
  value: string | number | boolean | null,
  given: { readonly arguments: JsonValue; readonly result: JsonValue },
): JsonValue | undefined {
  const [, from, path = ''] = typeof value === 'string' ? (REFERENCE.exec(value) ?? []) : [];
  if (from === undefined) return value;
  const found = at(from === 'arguments' ? given.arguments : given.result, path);
  return typeof found === 'object' && found !== null ? undefined : found;
}

/** What stands at a dotted path; items of lists by number. */
function at(value: JsonValue, path: string): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const step of path.split('.')) {
    if (Array.isArray(current))
      current = /^\d+$/.test(step) ? (current as readonly JsonValue[])[Number(step)] : undefined;
    else current = isJsonObject(current) && Object.hasOwn(current, step) ? current[step] : undefined;
  }
  return current;
}
