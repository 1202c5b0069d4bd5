import type { ToolResult } from '../model/result.ts';
import type { GovernedTool } from '../model/tool.ts';

/** Every text of a result that the model reads. */
export function listTexts(result: ToolResult): string[] {
  return result.content.flatMap((block) => {
    if (typeof block['text'] === 'string') return [block['text']];
    const resource = block['resource'];
    return typeof resource === 'object' && resource !== null && 'text' in resource && typeof resource.text === 'string'
      ? [resource.text]
      : [];
  });
}

/** What parts of the prompt that the user did not write count as: results of a tool that nobody called. */
export const pastedTool: GovernedTool = {
  tool: { server: 'prompt', name: 'quote', description: '', inputSchema: {} },
  name: 'prompt/quote',
  pin: 'sha256:',
  effect: 'read',
  consequence: 'low',
  declared: true,
  sinks: [],
};
