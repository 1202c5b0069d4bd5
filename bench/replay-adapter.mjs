import { openFlow } from '../src/flow/flow-run.ts';
import { pinTool, toolName } from '../src/model/tool.ts';
import { inferTool } from '../src/policy/infer.ts';

const govern = (server, { name, description, input_schema }) => {
  const tool = { server, name, description: description ?? '', inputSchema: input_schema ?? { type: 'object' } };
  const inferred = inferTool(tool);
  return {
    tool,
    name: toolName(tool),
    pin: pinTool(tool),
    effect: inferred.effect.value,
    consequence: inferred.consequence.value,
    declared: false,
    sinks: inferred.sinks,
  };
};

const readParts = (userPrompt, promptParts) => {
  const parts = (promptParts ?? []).map((part) =>
    typeof part === 'string'
      ? { kind: 'quote', text: part }
      : { kind: part.kind === 'user' ? 'user' : 'quote', text: String(part.text ?? part.content ?? '') },
  );
  if (parts.some((part) => part.kind === 'user')) return parts;
  const own = parts.reduce((text, part) => (part.text === '' ? text : text.split(part.text).join('\n')), userPrompt);
  return [{ kind: 'user', text: own }, ...parts];
};

/** One session of the replay scorer: inference of policy and the flow core together, nothing declared. */
export async function open({ suite, tools, userPrompt, promptParts }) {
  const pins = new Map();
  let governed = new Map(tools.map((tool) => [tool.name, govern(suite, tool)]));
  for (const tool of governed.values()) pins.set(tool.name, tool.pin);
  const run = openFlow({ prompt: readParts(userPrompt, promptParts), tools: [...governed.values()] });
  return {
    before(name, args) {
      const tool = governed.get(name);
      if (!tool) return { verdict: 'deny' };
      const pin = pins.get(tool.name);
      if (pin !== undefined && pin !== tool.pin) return { verdict: 'deny' };
      const { verdict, reasons } = run.assess(tool, args);
      return { verdict: verdict === 'permit' ? 'allow' : verdict, reasons };
    },
    after(name, args, output) {
      const tool = governed.get(name);
      if (tool && output !== '[blocked by policy]')
        run.observe(tool, args, { content: [{ type: 'text', text: output }] });
      return {};
    },
    tools(list) {
      governed = new Map(list.map((tool) => [tool.name, govern(suite, tool)]));
    },
  };
}
