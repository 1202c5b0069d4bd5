import { Fault } from '../../base/fault.ts';
import { findJsonProblem, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Reason } from '../../model/decision.ts';
import type { ToolResult } from '../../model/result.ts';
import type { Tool } from '../../model/tool.ts';
import { compileSchema } from './compile-schema.ts';

/**
 * Says why a result does not conform to its tool's output schema, or returns undefined: structured content that is not
 * JSON we accept or does not fit, or that is missing where a schema is declared and the tool did not fail. A failed
 * call may come without structured content; what it does carry has to fit all the same. The schema is taken at its
 * word here: what it does not name may be there. Never throws; a schema that cannot be enforced refuses the result.
 */
export function checkResult(tool: Pick<Tool, 'outputSchema'>, result: ToolResult): Reason | undefined {
  const { structuredContent } = result;
  if (structuredContent !== undefined) {
    const problem = findJsonProblem(structuredContent, limits.jsonDepth);
    if (problem) return refuse(`/structuredContent${problem.path}`, problem.message);
  }
  if (!tool.outputSchema) return undefined;
  if (structuredContent === undefined) {
    return result.isError ? undefined : refuse('', 'lacks the structured content its output schema calls for');
  }
  try {
    const value: JsonValue = structuredContent;
    const violation = compileSchema(tool.outputSchema, 'open').find(value);
    return violation && refuse(`/structuredContent${violation.path}`, violation.message);
  } catch (error) {
    return refuse('', error instanceof Fault ? error.message : 'the output schema failed to evaluate');
  }
}

function refuse(path: string, message: string): Reason {
  return { code: 'E_RESULT_INVALID', message, path };
}
