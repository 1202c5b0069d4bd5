import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';

/** What an MCP client can be asked for, with the features of each that the protocol knows: empty objects, or `true`. */
const KNOWN = {
  elicitation: { form: {}, url: {} },
  sampling: { context: {}, tools: {} },
  roots: { listChanged: true },
} as const;

/**
 * What a client declares, made anew of nothing but what the protocol knows. Servers are told what clients can do, so
 * anything else in it would reach them past every rule for arguments, and stay in memory for as long as the client does.
 */
export function readClientCapabilities(declared: unknown): JsonObject {
  const capabilities: Record<string, JsonValue> = {};
  for (const [name, features] of Object.entries(KNOWN)) {
    const value = isJsonObject(declared) && Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (isJsonObject(value)) capabilities[name] = pickFeatures(value, features);
  }
  return capabilities;
}

function pickFeatures(value: JsonObject, known: JsonObject): JsonObject {
  const has = (name: string, plain: JsonValue) =>
    Object.hasOwn(value, name) && (plain === true ? value[name] === true : isJsonObject(value[name]));
  return Object.fromEntries(Object.entries(known).filter(([name, plain]) => has(name, plain)));
}
