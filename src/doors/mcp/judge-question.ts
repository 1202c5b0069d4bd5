import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { McpClient } from './client.ts';
import type { McpGate } from './gate.ts';

/** What of its capabilities a client must have declared to be asked by a method. */
const NEEDS: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
};

/**
 * Why a server's question must not reach the client, or `undefined`. A client is only asked for what it said it can
 * give; a form never asks for a secret, since whoever sees the form cannot know who reads the answer; policy may say
 * no. A URL is passed on as it is, never opened.
 */
export async function judgeQuestion(
  gate: McpGate,
  client: McpClient,
  server: string,
  method: string,
  params: JsonObject,
): Promise<'unknown' | 'undeclared' | 'secret' | 'forbidden' | undefined> {
  const capability = Object.hasOwn(NEEDS, method) ? NEEDS[method] : undefined;
  if (capability === undefined) return 'unknown';
  if (!isJsonObject(client.capabilities[capability])) return 'undeclared';
  if (method === 'elicitation/create' && asksForSecret(params)) return 'secret';
  const permitted = await gate.permitQuestion(client.caller, { server, method, params }).catch(() => false);
  return permitted ? undefined : 'forbidden';
}

const SECRET =
  /pass ?(word|phrase|code)|\bsecret|api ?key|access ?key|private ?key|\btoken\b|credential|\bcvv\b|\bcvc\b|card ?number|\bpin\b|\botp\b|one time code|seed phrase/i;

function asksForSecret(params: JsonObject): boolean {
  const schema = params['requestedSchema'];
  const properties = isJsonObject(schema) ? schema['properties'] : undefined;
  if (!isJsonObject(properties)) return false;
  return Object.entries(properties).some(([name, property]) => {
    const { title, description, format } = isJsonObject(property) ? property : {};
    if (format === 'password') return true;
    return [name, title, description].some((text) => typeof text === 'string' && SECRET.test(toWords(text)));
  });
}

/** `apiKey`, `api_key` and `api-key` as `api key`. */
function toWords(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_\-.\s]+/g, ' ');
}
