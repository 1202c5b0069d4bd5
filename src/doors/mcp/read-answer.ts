import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { RpcError } from '../../model/json-rpc.ts';
import { compileSchema } from '../../policy/arguments/compile-schema.ts';

/**
 * A client's answer to a question, made anew of what the protocol knows of such an answer and what was asked for;
 * undefined if it is none. Whatever else is in it was not asked, and would reach the server past every schema.
 */
export function readAnswer(method: string, question: JsonObject, answer: JsonObject): JsonObject | undefined {
  switch (method) {
    case 'elicitation/create':
      return readForm(question, answer);
    case 'sampling/createMessage':
      return pick(answer, ['role', 'content', 'model', 'stopReason']);
    case 'roots/list': {
      const { roots } = answer;
      if (!Array.isArray(roots) || !roots.every(isJsonObject)) return undefined;
      return { roots: roots.map((root: JsonObject) => pick(root, ['uri', 'name'])) };
    }
    default:
      return undefined;
  }
}

/** Only an accepted form has content, and it is what the form asks for. */
function readForm({ requestedSchema }: JsonObject, { action, content }: JsonObject): JsonObject | undefined {
  if (action === 'decline' || action === 'cancel') return { action };
  if (action !== 'accept') return undefined;
  if (content === undefined) return { action };
  if (!isJsonObject(content)) return undefined;
  if (!isJsonObject(requestedSchema)) return Object.keys(content).length === 0 ? { action } : undefined;
  return fits(requestedSchema, content) ? { action, content } : undefined;
}

function fits(schema: JsonObject, content: JsonObject): boolean {
  try {
    return compileSchema(schema, 'closed').find(content) === undefined;
  } catch {
    return false; // the server asked with a schema that cannot be held to
  }
}

function pick(value: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

const MESSAGES: Readonly<Record<number, string>> = {
  [-1]: 'The client’s user said no',
  [-32_601]: 'Method not found',
  [-32_602]: 'Invalid params',
};

/** A client's refusal to answer, without the words and data it chose: those would be an answer, to no question. */
export function readRefusal({ code }: RpcError): RpcError {
  const message = Object.hasOwn(MESSAGES, code) ? MESSAGES[code] : undefined;
  return message === undefined ? { code: -32_603, message: 'The client did not answer' } : { code, message };
}
