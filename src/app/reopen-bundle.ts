import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../model/event.ts';
import { type FlowFacts, unassessedFlow } from '../model/flow-facts.ts';
import { userSchema } from '../model/principal.ts';
import type { Tool } from '../model/tool.ts';
import type { Explanation } from '../policy/kernel.ts';
import { buildCatalog, type Catalog, type CatalogInput } from '../runtime/catalog.ts';
import { parseConfig } from './config/parse-config.ts';
import { parseOptions } from './gateway.ts';

const contentSchema = z.object({
  format: z.literal('chaperone.bundle/1'),
  file: z.string(),
  text: z.string(),
  policies: z.array(z.object({ file: z.string(), text: z.string() })),
  tools: z.array(z.looseObject({ server: z.string(), name: z.string() })),
});

const reasonSchema = z.looseObject({ code: z.string(), message: z.string() });

const flowSchema = z.object({
  verdict: z.enum(['permit', 'ask', 'deny']),
  declared: z.boolean(),
  proved: z.boolean(),
  authority: z.enum(['read', 'granted', 'unasked', 'refused', 'unknown']),
  outward: z.boolean(),
  reasons: z.array(reasonSchema),
});

const decidedSchema = z.object({
  arguments: z.record(z.string(), z.unknown()),
  decidedAtMs: z.number(),
  user: userSchema.nullable(),
  // Absent in what was recorded before values were traced.
  flow: flowSchema.optional(),
  run: z.object({
    attested: z.boolean(),
    task: z.string(),
    label: z.object({
      integrity: z.enum(['trusted', 'untrusted']),
      secrecy: z.enum(['public', 'internal', 'secret']),
      origins: z.array(z.string()),
      flagged: z.literal(true).exactOptional(),
    }),
  }),
});

/** Makes a catalog of a recorded bundle, as it was. Throws a `Fault` E_STORE_CORRUPT where the record is not one. */
export function reopenBundle(content: JsonObject): Catalog {
  return buildCatalog({ ...readBundleContent(content), pins: new Map() });
}

/** What a recorded bundle was made of. Throws a `Fault` E_STORE_CORRUPT where the record is not one. */
export function readBundleContent(content: JsonObject): Omit<CatalogInput, 'pins'> {
  const parsed = contentSchema.safeParse(content);
  if (!parsed.success) throw new Fault('E_STORE_CORRUPT', 'the recorded bundle cannot be read');
  const { file, text, policies, tools } = parsed.data;
  const { manifest, place } = parseConfig(text, file, parseOptions);
  // what `describeTool` wrote from tools
  return { manifest, placeOf: place, policyFiles: policies, tools: tools as unknown as readonly Tool[] };
}

/**
 * Decides a recorded call again, under the bundle that decided it, and says what every rule did. Undefined where policy
 * was never asked: the call was refused before.
 */
export function explainDecision(catalog: Catalog, event: StoredEvent): Explanation | undefined {
  const decided = decidedSchema.safeParse(event.body);
  const entry = event.tool === undefined ? undefined : catalog.find(event.tool, event.agent ?? '');
  if (!decided.success || entry === undefined || event.agent === undefined) return undefined;
  const { user, run, decidedAtMs } = decided.data;
  return catalog.kernel.explain({
    principal: { tenant: event.tenant, agent: event.agent, ...(user === null ? {} : { onBehalfOf: user }) },
    tool: entry.governed,
    arguments: decided.data.arguments as JsonObject, // recorded JSON
    run,
    flow: (decided.data.flow ?? unassessedFlow) as FlowFacts, // reasons as `recordReason` wrote them
    nowMs: decidedAtMs,
  });
}
