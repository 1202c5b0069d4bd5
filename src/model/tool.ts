import { type Digest, digestJson } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Consequence, Effect } from './effect.ts';
import type { Label } from './label.ts';
import type { Place } from './place.ts';

/**
 * A callable as its server describes it. Everything in it but `server` was written by the server and is untrusted.
 * Resources and prompts of an MCP server are callables too: `mcp.resources.read` and `mcp.prompts.get`.
 */
export interface Tool {
  /** The id the manifest gives the server. */
  readonly server: string;
  /** The server's own name for the tool. */
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations?: JsonObject;
}

/** `server/name`: how the manifest, policies and records write a tool. */
export type ToolName = `${string}/${string}`;

export function toolName(tool: Pick<Tool, 'server' | 'name'>): ToolName {
  return `${tool.server}/${tool.name}`;
}

/** The digest of what a reviewer saw: name, title, description, schemas and annotations. */
export function pinTool(tool: Tool): Digest {
  return digestJson({
    name: toolName(tool),
    title: tool.title ?? null,
    description: tool.description,
    inputSchema: tool.inputSchema,
    outputSchema: tool.outputSchema ?? null,
    annotations: tool.annotations ?? null,
  });
}

/** An argument through which data or authority leaves the run. */
export interface Sink {
  /** Dotted, as the manifest writes it: `recipients`, `items[].url`. `*` stands for names the schema leaves open. */
  readonly path: string;
  /**
   * `destination`: where a request goes. `recipient`: who gets it. `authority`: what is acted on, or how far, such as
   * an id, an amount, a role. `data`: the content that leaves.
   */
  readonly carries: 'destination' | 'recipient' | 'authority' | 'data';
  /** Where its values may come from besides what a person wrote: `server/tool.field`. Absent: anywhere trusted. */
  readonly from?: readonly string[];
  /** Whether a person wrote it in the manifest. */
  readonly declared: boolean;
  /** A number or a listed value that no word tells what it is for. */
  readonly guessed?: true;
}

/** What a person declared of a tool's results. What is absent is untrusted and internal. */
export interface Yields {
  readonly integrity?: Label['integrity'];
  readonly secrecy?: Label['secrecy'];
  /** Dotted fields of the result that are identifiers the server vouches for: `contacts.email`. */
  readonly identifiers?: readonly string[];
}

/** A tool together with what was decided about it before go-live, or inferred where nothing was. */
export interface GovernedTool {
  readonly tool: Tool;
  readonly name: ToolName;
  readonly pin: Digest;
  readonly effect: Effect;
  readonly consequence: Consequence;
  /** Whether a person declared effect and consequence. Inferred ones are strict where nothing can be told. */
  readonly declared: boolean;
  /** The inferred ones, and what the manifest says of them or adds. */
  readonly sinks: readonly Sink[];
  /** The path of the argument that says who gets what this tool sends, where a person declared it. */
  readonly audience?: string;
  readonly yields?: Yields;
  /** Where it is declared. */
  readonly place?: Place;
}
