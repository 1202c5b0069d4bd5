import { type ErrorCode, errorEntry } from '../../base/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { ToolResult } from '../../model/result.ts';
import { type Tool, toolName } from '../../model/tool.ts';
import type { McpCarrier, McpEra } from '../../ports/mcp-upstream.ts';
import type { CallInput } from '../../ports/tool-source.ts';
import type { CallAnswer } from '../../runtime/line/call-answer.ts';
import { cleanRemark } from '../../runtime/remarks.ts';
import { chooseWay, elicit, elicitationOf, hold, isPending, readHandle, ticketText } from './ask-person.ts';
import { type Channel, type DoorAnswer, fail, invalidParams, type McpClient } from './client.ts';
import type { DoorState } from './door-state.ts';
import { callerKey } from './gate.ts';
import { judgeQuestion } from './judge-question.ts';
import { LOG_LEVELS } from './protocol.ts';
import { readAnswer } from './read-answer.ts';
import { receiptOf, withReceipt } from './receipt.ts';
import { RemarkAllowance } from './remark-allowance.ts';
import { isInputRequired, shapeResult } from './shape-result.ts';
import type { StateBinding } from './state-seal.ts';
import { isStandIn } from './tool-view.ts';
import { traceOfRequest } from './trace-of-request.ts';

export type Shape = (result: ToolResult) => JsonObject;

type Refused = Extract<CallAnswer, { kind: 'refused' }>;

/**
 * Sends one use of a tool, resource or prompt along the straight line and shapes what comes back. Each round of
 * questions is a call of its own: decided, recorded and bounded like any other.
 */
export async function callThrough(
  door: DoorState,
  client: McpClient,
  tool: Tool,
  args: JsonObject,
  params: JsonObject,
  channel: Channel,
  shape: Shape,
): Promise<DoorAnswer> {
  const binding: StateBinding = {
    caller: callerKey(client.caller),
    server: tool.server,
    callable: tool.name,
    arguments: args,
  };
  const { runId } = client.caller;
  const brought = readInput(door, params, binding);
  if (brought === 'invalid') return invalidParams('the request state is not valid for this request');
  let input = brought?.input ?? door.suspended.resume(runId, binding);
  let unasked = input === undefined ? brought?.unasked : undefined;
  const opened = brought?.opened;
  let waitedFor: string | undefined;
  /** What was waited for and answered: the call is made again for exactly that answer, whatever it was. */
  let answered: string | undefined;
  for (let round = 1; ; round++) {
    const answer = await walk(door, client, tool, args, params, channel, input, answered);
    answered = undefined;
    if (answer.kind === 'refused') {
      if (isPending(answer) && waitedFor !== answer.approvalId) {
        // Whoever was asked to open the page may be looking at it.
        const way = opened === answer.approvalId ? 'hold' : chooseWay(door, client, params, answer.approvalId);
        if (way === 'elicit' && client.era === 'modern') {
          if (input !== undefined) door.suspended.keep(runId, binding, input);
          return { ok: true, result: shapeElicitation(door, answer.approvalId, binding) };
        }
        waitedFor = answer.approvalId;
        const isAnswered =
          way === 'elicit'
            ? await elicit(door, client, answer, channel)
            : way === 'hold' && (await hold(door, client, answer, params, channel));
        if (isAnswered) {
          answered = waitedFor;
          continue;
        }
      }
      if (round === 1 && answer.ran === 'no') brought?.giveBack?.();
      if (answer.code === 'E_APPROVAL_PENDING' && input !== undefined) door.suspended.keep(runId, binding, input);
      return shapeRefusal(door, client.era, answer, tool);
    }
    const { result, callId } = answer;
    if (!isInputRequired(result)) return { ok: true, result: shape(withReceipt(result, answer)) };
    const questions = readQuestions(result);
    const forbidden = await judgeQuestions(door, client, tool.server, questions);
    if (forbidden || round > limits.mcpInputRounds || asksNothing(result)) return withhold(client.era, callId, tool);
    // By now the tool has asked: what the client had brought for it is an answer, and the rest of it is left out.
    const foreseen = pickAnswers(unasked, questions);
    unasked = undefined;
    if (client.era === 'modern' && foreseen === undefined)
      return { ok: true, result: shape(sealRound(door, result, questions ?? [], binding)) };
    const responses = foreseen ?? (await askClient(channel, questions));
    if (responses === undefined) return withhold(client.era, callId, tool);
    const state = result.extra?.['requestState'];
    input = { responses, ...(typeof state === 'string' ? { state } : {}) };
  }
}

function walk(
  door: DoorState,
  client: McpClient,
  tool: Tool,
  args: JsonObject,
  params: JsonObject,
  channel: Channel,
  input: CallInput | undefined,
  approvalId: string | undefined,
): Promise<CallAnswer> {
  const meta = isJsonObject(params['_meta']) ? params['_meta'] : {};
  const { progressToken } = meta;
  const handle = readHandle(meta);
  const follows = typeof progressToken === 'string' || typeof progressToken === 'number';
  const allowance = new RemarkAllowance(door.clock);
  const carrier: McpCarrier = {
    protocol: 'mcp',
    peer: client.peer,
    capabilities: client.capabilities,
    ...(client.logLevel === undefined ? {} : { logLevel: client.logLevel }),
    onNotification: (method, body) => {
      const remark = readRemark(client, allowance, method, body);
      if (remark) channel.notify(method, remark);
    },
    onRequest: (method, body, signal, callId) =>
      putQuestion(door, client, tool.server, method, body, channel, signal, { tool: toolName(tool), callId }),
    confine: () => ({ ...carrier, onNotification: () => {}, onRequest: async () => notPut }),
  };
  return door.gate.call({
    principal: client.caller.principal,
    runId: client.caller.runId,
    tool: toolName(tool),
    // By its handle alone, the call that was asked about is meant.
    arguments: handle.approvalId !== undefined && Object.keys(args).length === 0 ? undefined : args,
    signal: channel.signal,
    carrier,
    ...(input === undefined ? {} : { input }),
    ...traceOfRequest(tool, params, channel.over, door.clock.nowMs()),
    ...handle,
    ...(approvalId === undefined ? {} : { approvalId }),
    ...(follows
      ? { onProgress: (progress) => channel.notify('notifications/progress', { ...progress, progressToken }) }
      : {}),
  });
}

/** A legacy server's question, put to the client it works for. */
export async function putQuestion(
  door: DoorState,
  client: McpClient,
  server: string,
  method: string,
  params: JsonObject,
  channel: Pick<Channel, 'ask'>,
  signal: AbortSignal,
  during: { readonly tool?: string; readonly callId?: string } = {},
): Promise<DoorAnswer> {
  const why = await judgeQuestion(door.gate, client, server, method, params);
  if (why === 'unknown' || why === 'undeclared') return fail(-32_601, 'Method not found');
  const question = why === undefined ? cleanRemark(params, limits.argumentBytes) : undefined;
  if (question === undefined) return notPut;
  const answered = await channel.ask(method, question, signal);
  if (!answered.ok) return answered;
  // What leaves in the middle of a call leaves beside its arguments: it is what was asked for, and stands in the record.
  const answer = readAnswer(method, params, answered.result);
  if (answer === undefined) return notPassed;
  const { principal, runId } = client.caller;
  const given = { principal, runId, server, ...during, method, question, answer };
  return (await door.gate.passAnswer(given)) ? { ok: true, result: answer } : notPassed;
}

/** What the server hears of an answer that may not reach it. */
const notPassed: DoorAnswer = fail(-32_603, 'The client did not answer');

/** The answer to a question that the client is not asked. */
export const notPut: DoorAnswer = fail(errorEntry('E_NOT_PERMITTED').http, 'This question is not put to the client.');

/** What a server says of its own accord, as it may be sent on to a client; undefined if it may not. */
export function readRemark(
  client: McpClient,
  allowance: RemarkAllowance,
  method: string,
  params: JsonObject,
): JsonObject | undefined {
  return isWanted(client, method, params) && allowance.take() ? cleanRemark(params) : undefined;
}

function isWanted(client: McpClient, method: string, params: JsonObject): boolean {
  if (method === 'notifications/elicitation/complete') return true;
  if (method !== 'notifications/message' || client.logLevel === undefined) return false;
  const level = params['level'];
  return typeof level === 'string' && LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(client.logLevel);
}

/**
 * Walks the line with a name that leads nowhere: it is refused there, and so recorded. A name that this door does not
 * expose may still be what the line calls a tool, `server/tool`, so it is marked as one of no server.
 */
export async function callUnknown(door: DoorState, client: McpClient, name: string, args: JsonObject): Promise<void> {
  const { principal, runId } = client.caller;
  await door.gate.call({
    principal,
    runId,
    tool: (name.includes('/') ? `?/${name}` : name).slice(0, limits.toolNameChars),
    arguments: args,
    carrier: NO_CARRIER,
  });
}

const NO_CARRIER = { protocol: 'none' };

/**
 * What the client brings back to a tool that asked. Without the state that went with the question it would be a way past
 * the arguments, which are checked: the tool is called without it, and gets what it then asks for.
 */
function readInput(door: DoorState, params: JsonObject, binding: StateBinding): Brought | 'invalid' | undefined {
  const { inputResponses, requestState } = params;
  if (inputResponses !== undefined && !isJsonObject(inputResponses)) return 'invalid';
  if (requestState === undefined) return inputResponses && { unasked: inputResponses };
  const opened = typeof requestState === 'string' ? door.seal.open(requestState, binding) : undefined;
  if (opened === undefined) return 'invalid';
  const { state, asked, approvalId } = JSON.parse(opened.state) as Round; // `sealRound` wrote it, and the seal holds
  // The question was the gateway's own. What the client says of it is no answer: that stands in the store, or nowhere.
  if (approvalId !== undefined) return { opened: approvalId };
  const input = {
    ...(inputResponses === undefined ? {} : { responses: readAnswers(inputResponses, asked) }),
    ...(state === undefined ? {} : { state }),
  };
  return { input, giveBack: () => opened.giveBack() };
}

interface Brought {
  /** A round that the client brought back. Its state is spent, unless it is given back because nothing ran. */
  readonly input?: CallInput;
  readonly giveBack?: () => void;
  /** The approval whose page the client was asked to open. */
  readonly opened?: string;
  /** Answers without a round they belong to. */
  readonly unasked?: JsonObject;
}

/** The answers to all of these questions, and to nothing else; undefined if one of them is not answered. */
function pickAnswers(answers: JsonObject | undefined, questions: readonly Question[] = []): JsonObject | undefined {
  if (answers === undefined || questions.length === 0) return undefined;
  return readAll(answers, questions);
}

function readAll(answers: JsonObject, questions: readonly Question[]): JsonObject | undefined {
  const read = readAnswers(answers, questions);
  return Object.keys(read).length === questions.length ? read : undefined;
}

/** The answers to these questions that are what was asked for. The tool asks again for what it lacks. */
function readAnswers(answers: JsonObject, questions: readonly Question[]): JsonObject {
  const read: Record<string, JsonValue> = {};
  for (const { key, method, params } of questions) {
    const given = Object.hasOwn(answers, key) ? answers[key] : undefined;
    const answer = isJsonObject(given) ? readAnswer(method, params, given) : undefined;
    if (answer !== undefined) read[key] = answer;
  }
  return read;
}

/** The tool says that it needs something and not what: its questions may have been taken out of what it may show. */
function asksNothing({ extra }: ToolResult): boolean {
  return extra?.['inputRequests'] === undefined && typeof extra?.['requestState'] !== 'string';
}

/** What is kept, in the client's hands and sealed, between two rounds: the tool's own state, and what it asked. */
interface Round {
  /** Of the gateway's own question: the approval it is about. */
  readonly approvalId?: string;
  readonly state?: string;
  readonly asked: readonly Question[];
}

function sealRound(
  door: DoorState,
  result: ToolResult,
  questions: readonly Question[],
  binding: StateBinding,
): ToolResult {
  const state = result.extra?.['requestState'];
  const round: Round = { ...(typeof state === 'string' ? { state } : {}), asked: questions.map(keepSchema) };
  return { ...result, extra: { ...result.extra, requestState: door.seal.seal(JSON.stringify(round), binding) } };
}

interface Question {
  readonly key: string;
  readonly method: string;
  readonly params: JsonObject;
}

/** The question, as far as its answer is held to it. */
function keepSchema({ key, method, params: { requestedSchema } }: Question): Question {
  return { key, method, params: requestedSchema === undefined ? {} : { requestedSchema } };
}

function readQuestions(result: ToolResult): readonly Question[] | undefined {
  const requests = result.extra?.['inputRequests'] ?? {};
  if (!isJsonObject(requests)) return undefined;
  const questions: Question[] = [];
  for (const [key, request] of Object.entries(requests)) {
    const { method, params = {} } = isJsonObject(request) ? request : {};
    if (typeof method !== 'string' || !isJsonObject(params)) return undefined;
    questions.push({ key, method, params });
  }
  return questions;
}

async function judgeQuestions(
  door: DoorState,
  client: McpClient,
  server: string,
  questions: readonly Question[] | undefined,
): Promise<boolean> {
  if (questions === undefined) return true;
  for (const { method, params } of questions) {
    if ((await judgeQuestion(door.gate, client, server, method, params)) !== undefined) return true;
  }
  return false;
}

/** Asks a client of the session era what a modern server wants to know, all questions at once. */
async function askClient(
  channel: Channel,
  questions: readonly Question[] | undefined,
): Promise<JsonObject | undefined> {
  const answers = await Promise.all(
    (questions ?? []).map(
      async ({ key, method, params }) => [key, await channel.ask(method, params, channel.signal)] as const,
    ),
  );
  const responses: Record<string, JsonValue> = {};
  for (const [key, answer] of answers) {
    if (!answer.ok) return undefined;
    responses[key] = answer.result;
  }
  return readAll(responses, questions ?? []);
}

/** The tool wants what it may not ask for, or asks for ever. What it has done by then stays done. */
function withhold(era: McpEra, callId: string, tool: Tool): DoorAnswer {
  const code = 'E_RESULT_INVALID';
  return deny(era, code, errorEntry(code).toModel, { 'chaperone/code': code, 'chaperone/callId': callId }, tool);
}

/** Asks a modern client to open the page of an approval. It comes back with the state that is sealed here. */
function shapeElicitation(door: DoorState, approvalId: string, binding: StateBinding): JsonObject {
  const round: Round = { approvalId, asked: [] };
  return shapeResult('modern', {
    resultType: 'input_required',
    inputRequests: { 'chaperone/approval': elicitationOf(door, approvalId) },
    requestState: door.seal.seal(JSON.stringify(round), binding),
  });
}

function shapeRefusal(door: DoorState, era: McpEra, refused: Refused, tool: Tool): DoorAnswer {
  const { code, callId, approvalId, protocolError, retryAfterMs } = refused;
  const toModel = isPending(refused) ? ticketText(door, refused) : refused.toModel;
  // An error in the server's own protocol is passed on as it is.
  if (protocolError !== undefined) return passError(protocolError);
  const link = approvalId === undefined ? undefined : door.gate.linkTo(approvalId);
  const approval = {
    ...(approvalId === undefined ? {} : { 'chaperone/approvalId': approvalId }),
    ...(link === undefined ? {} : { 'chaperone/approvalUrl': link }),
    ...(retryAfterMs === undefined ? {} : { 'chaperone/retryAfterMs': retryAfterMs }),
    ...receiptOf(refused),
  };
  return deny(era, code, toModel, { 'chaperone/code': code, 'chaperone/callId': callId, ...approval }, tool);
}

/** For a tool, a result that tells the model; for anything else, an error with a code that no JSON-RPC error has. */
function deny(era: McpEra, code: ErrorCode, text: string, details: JsonObject, tool: Tool): DoorAnswer {
  if (isStandIn(tool)) return fail(errorEntry(code).http, text, { data: details });
  const body = { content: [{ type: 'text', text }], isError: true, _meta: details };
  return { ok: true, result: shapeResult(era, body) };
}

/** Codes of the protocol's own range that say something about the connection they came on, which is not the client's. */
const NOT_OURS = new Set([-32_020, -32_022]);

function passError(error: NonNullable<Refused['protocolError']>): DoorAnswer {
  const { code, message, data } = error;
  if (NOT_OURS.has(code)) return fail(-32_603, 'The server could not be spoken to.');
  const status = code === -32_021 ? { status: 400 } : {};
  return fail(code, message, { ...status, ...(data === undefined ? {} : { data }) });
}
