import { Fault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import { BUILTIN_SERVER } from '../../../model/builtin.ts';
import type { Intent } from '../../../model/intent.ts';
import type { ToolResult } from '../../../model/result.ts';
import type { Tool } from '../../../model/tool.ts';
import type { CallContext, Execution, ToolSource } from '../../../ports/tool-source.ts';
import type { BuiltinOptions } from './builtin-options.ts';
import { describeTools } from './describe-tools.ts';
import { runCode } from './run-code.ts';
import { Refused, type Workspace } from './workspace.ts';

/** The tools that Chaperone brings along, as a source like any other: what they may do, policy decides. */
export class BuiltinSource implements ToolSource {
  readonly server = BUILTIN_SERVER;
  readonly #options: BuiltinOptions;
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: BuiltinOptions) {
    this.#options = options;
  }

  async list(): Promise<readonly Tool[]> {
    return describeTools(this.#options.config);
  }

  async call(intent: Intent, context: CallContext): Promise<Execution> {
    const running = this.#perform(intent, AbortSignal.any([context.signal, this.#abort.signal]));
    this.#running.add(running);
    try {
      return { ok: true, result: await running };
    } catch (error) {
      if (error instanceof Refused) return { ok: true, result: { ...text(error.message), isError: true } };
      const message = error instanceof Fault ? error.message : 'a bug in a built-in tool';
      switch (error instanceof Fault ? error.code : undefined) {
        case 'E_PACKAGES':
        case 'E_SANDBOX':
        case 'E_SANDBOX_LIMIT':
        case 'E_SANDBOX_UNAVAILABLE':
          return { ok: false, ran: 'no', code: (error as Fault).code as 'E_SANDBOX', message }; // one of these
        default:
          return { ok: false, ran: 'unknown', code: 'E_SANDBOX_LOST', message };
      }
    } finally {
      this.#running.delete(running);
    }
  }

  onListChanged(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await Promise.allSettled([...this.#running]);
  }

  async #perform(intent: Intent, signal: AbortSignal): Promise<ToolResult> {
    const args = intent.call.arguments;
    switch (intent.tool.tool.name) {
      case 'code.run':
        return runCode(this.#options, intent, signal);
      case 'files.list': {
        const entries = await this.#workspace().list(readText(args, 'path', '.'));
        const shown = { entries: entries.map(({ name, kind }): JsonObject => ({ name, kind })) };
        return { ...text(JSON.stringify(shown)), structuredContent: shown };
      }
      case 'files.read': {
        const bytes = await this.#workspace().read(readText(args, 'path'), limits.workspaceFileBytes);
        return text(decode(bytes));
      }
      case 'files.write': {
        await this.#workspace().write(readText(args, 'path'), Buffer.from(readText(args, 'text'), 'utf8'));
        return text('written');
      }
      default:
        throw new Refused('there is no such tool');
    }
  }

  #workspace(): Workspace {
    if (this.#options.workspace === undefined) throw new Refused('there is no workspace');
    return this.#options.workspace;
  }
}

function text(value: string): ToolResult {
  return { content: [{ type: 'text', text: value }] };
}

function readText(args: JsonObject, name: string, otherwise?: string): string {
  const value = args[name] ?? otherwise;
  if (typeof value !== 'string') throw new Refused(`\`${name}\` has to be text`);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refused('this is not a text file');
  }
}
