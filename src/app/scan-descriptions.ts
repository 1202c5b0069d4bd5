import { canonicalJson, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { pinTool, type Tool, toolName } from '../model/tool.ts';
import type { Scanner } from '../ports/scanner.ts';
import type { Notify } from './notice.ts';

/**
 * Looks at what servers say of their tools, once for each description, and warns of those that read like instructions to
 * a model: a person reviews them. It disables nothing: what a description may do is settled by its pin.
 */
export class DescriptionScan {
  readonly #scanner: Scanner;
  readonly #notify: Notify;
  readonly #seen = new Set<string>();

  constructor(scanner: Scanner, notify: Notify) {
    this.#scanner = scanner;
    this.#notify = notify;
  }

  async look(tools: readonly Tool[]): Promise<void> {
    for (const tool of tools) {
      const pin = pinTool(tool);
      if (this.#seen.has(pin)) continue;
      this.#remember(pin);
      const why = await this.#judge(tool);
      if (why !== undefined)
        this.#notify({
          kind: 'warning',
          message: `the description of \`${toolName(tool)}\` ${why}; review it: \`chaperone map\``,
        });
    }
  }

  async #judge(tool: Tool): Promise<string | undefined> {
    const { title, description, inputSchema, outputSchema } = tool;
    const said: JsonObject = { title: title ?? '', inputSchema, outputSchema: outputSchema ?? null };
    // The description as it is, line by line; the rest as JSON, in which every value is a text of its own.
    const text = `${description}\n${canonicalJson(said)}`;
    try {
      const { flagged, findings } = await this.#scanner.scanDocument({ text, source: 'tool-description' });
      const kinds = [...new Set(findings.filter(({ severity }) => severity !== 'low').map(({ kind }) => kind))];
      return flagged ? `reads like instructions to a model (${kinds.slice(0, 5).join(', ')})` : undefined;
    } catch {
      return 'could not be scanned';
    }
  }

  #remember(pin: string): void {
    this.#seen.add(pin);
    const [oldest] = this.#seen;
    if (this.#seen.size > limits.compiledSchemas && oldest !== undefined) this.#seen.delete(oldest);
  }
}
