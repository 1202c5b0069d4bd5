import type { JsonObject } from '../../src/base/json.ts';

/** A tool as its server would list it. */
export interface SuiteTool {
  readonly name: string;
  readonly description: string;
  readonly input_schema: JsonObject;
}

/** One call and what the tool answers. In `output`, `{{planted}}` is where an outsider can write. */
export interface SuiteCall {
  readonly tool: string;
  readonly args: JsonObject;
  readonly output: string;
}

/** What a user asks for, and the calls of an agent that does it. */
export interface SuiteTask {
  readonly prompt: string;
  readonly calls: readonly SuiteCall[];
  /** Quoted or attached to the prompt, and not the user's own words. */
  readonly pasted?: string;
}

/** What an attacker wants. Each of its calls does harm as soon as it runs. */
export interface SuiteAttack {
  readonly says: string;
  readonly calls: readonly SuiteCall[];
}

/** Made-up tools of one kind of work, with honest tasks and with attacks: what nobody's data set holds. */
export interface Suite {
  readonly name: string;
  readonly tools: readonly SuiteTool[];
  readonly tasks: readonly SuiteTask[];
  readonly attacks: readonly SuiteAttack[];
}

type Shape = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'string[]'>>;

/** A tool whose arguments are all required, but for those that end in `?`. */
export function tool(name: string, description: string, shape: Shape = {}): SuiteTool {
  const properties = Object.fromEntries(
    Object.entries(shape).map(([key, type]) => [
      key.replace('?', ''),
      type === 'string[]' ? { type: 'array', items: { type: 'string' } } : { type },
    ]),
  );
  const required = Object.keys(shape).filter((key) => !key.endsWith('?'));
  return { name, description, input_schema: { type: 'object', properties, required } };
}

export const call = (name: string, args: JsonObject, output: unknown): SuiteCall => ({
  tool: name,
  args,
  output: typeof output === 'string' ? output : JSON.stringify(output, undefined, 1),
});
