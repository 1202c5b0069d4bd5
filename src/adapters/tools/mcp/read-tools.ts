import { canonicalJson, findJsonProblem, isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import { listHeaderParameters } from '../../../model/mcp-header.ts';
import { type Tool, toolName } from '../../../model/tool.ts';
import { isCallable } from './callables.ts';

/** A tool that is not offered, and why. The name is the server's: untrusted, shortened. */
export interface DroppedTool {
  readonly name: string;
  readonly why: string;
}

const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/**
 * The tools in a server's list. One that could not be governed is dropped, never repaired: a name outside the rules or
 * given twice, a schema too large, too deep or with a reference to elsewhere, header annotations that are not valid.
 * Members a reviewer is not shown (icons, `_meta`) are left out, so that nothing unreviewed reaches a model.
 */
export function readTools(
  server: string,
  descriptors: readonly JsonObject[],
  onDropped: (dropped: DroppedTool) => void,
): readonly Tool[] {
  const counts = new Map<unknown, number>();
  for (const { name } of descriptors) counts.set(name, (counts.get(name) ?? 0) + 1);
  const tools: Tool[] = [];
  for (const descriptor of descriptors) {
    const why = counts.get(descriptor['name']) === 1 ? undefined : 'its name is given twice';
    const tool = why ?? readTool(server, descriptor);
    if (typeof tool !== 'string') tools.push(tool);
    else onDropped({ name: String(descriptor['name']).slice(0, 128), why: tool });
  }
  return tools;
}

/** The tool, or why it is not taken. */
function readTool(server: string, descriptor: JsonObject): Tool | string {
  const { name, title, description, inputSchema, outputSchema, annotations } = descriptor;
  if (typeof name !== 'string' || !NAME.test(name)) return 'its name is not 1 to 128 letters, digits, `_`, `.` and `-`';
  if (isCallable(name)) return 'its name is reserved';
  if (toolName({ server, name }).length > limits.toolNameChars) return 'its name is too long';
  const problem = findJsonProblem(descriptor, limits.jsonDepth);
  if (problem) return `its description is not acceptable JSON: ${problem.message}`;
  if (!isJsonObject(inputSchema) || inputSchema['type'] !== 'object') return 'its input schema is not of type `object`';
  for (const schema of [inputSchema, outputSchema]) {
    const fault = schema === undefined ? undefined : findSchemaFault(schema);
    if (fault) return fault;
  }
  if (listHeaderParameters(inputSchema) === undefined) return 'its `x-mcp-header` annotations are not valid';
  return {
    server,
    name,
    description: typeof description === 'string' ? description : '',
    inputSchema,
    ...(typeof title === 'string' ? { title } : {}),
    ...(isJsonObject(outputSchema) ? { outputSchema } : {}),
    ...(isJsonObject(annotations) ? { annotations } : {}),
  };
}

function findSchemaFault(schema: JsonValue): string | undefined {
  if (!isJsonObject(schema)) return 'a schema is not an object';
  if (findJsonProblem(schema, limits.toolSchemaDepth)) return 'a schema is nested too deeply';
  if (canonicalJson(schema).length > limits.toolSchemaBytes) return 'a schema is too large';
  if (refersElsewhere(schema)) return 'a schema refers to another document, which is never fetched';
  return undefined;
}

function refersElsewhere(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.some(refersElsewhere);
  if (!isJsonObject(value)) return false;
  for (const key of ['$ref', '$dynamicRef', '$recursiveRef']) {
    const target = value[key];
    if (typeof target === 'string' && !target.startsWith('#')) return true;
  }
  return Object.values(value).some(refersElsewhere);
}
