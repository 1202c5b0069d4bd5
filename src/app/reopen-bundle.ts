import { z } from 'zod';
import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../model/event.ts';
import { restoreExact } from '../model/exact.ts';
import { unassessedFlow } from '../model/flow-facts.ts';
import { userSchema } from '../model/principal.ts';
import { digestBundle, digestDefaulted } from '../policy/digest-bundle.ts';
import type { Explanation } from '../policy/kernel.ts';
import { buildCatalog, type Catalog, type CatalogInput } from '../runtime/catalog.ts';
import { withVerifier } from '../runtime/verifier.ts';
import { parseConfig } from './config/parse-config.ts';
import { readYaml } from './config/read-yaml.ts';
import { parseOptions } from './host-server.ts';
import { flowSchema, runSchema, toolSchema } from './replay/recorded-shapes.ts';

/** A bundle as the store keeps it. */
export interface StoredBundle {
  readonly bundle: Digest;
  readonly content: JsonObject;
}

const FORMER = 'chaperone.bundle/1';

const contentSchema = z.object({
  format: z.enum([FORMER, 'chaperone.bundle/2']),
  file: z.string(),
  text: z.string(),
  policies: z.array(z.object({ file: z.string(), text: z.string() })),
  // Absent in what was recorded before templates were part of a bundle.
  templates: z.array(z.object({ id: z.string(), version: z.string(), file: z.string(), text: z.string() })).default([]),
  tools: z.array(toolSchema),
});

const decidedSchema = z.object({
  arguments: z.custom<JsonObject>(isJsonObject),
  decidedAtMs: z.number(),
  user: userSchema.nullable(),
  // Absent in what was recorded before values were traced.
  flow: flowSchema.optional(),
  run: runSchema,
});

/** Makes a catalog of a recorded bundle, as it was. Throws a `Fault` E_STORE_CORRUPT where the record is not that one. */
export function reopenBundle(stored: StoredBundle): Catalog {
  requireBundle(stored);
  return buildCatalog({ ...readBundleContent(stored), pins: new Map() });
}

/** What a recorded bundle was made of. Throws a `Fault` E_STORE_CORRUPT where the record is not one. */
export function readBundleContent({ bundle, content }: StoredBundle): Omit<CatalogInput, 'pins'> {
  const { file, text, policies, tools } = parseContent(content);
  const { manifest, place } = parseConfig(text, file, parseOptions);
  return { bundle, manifest, placeOf: place, policyFiles: policies, tools };
}

/**
 * Throws a `Fault` E_STORE_CORRUPT where a bundle does not hold what its name says: who can write to the store would otherwise
 * have a decision explained by rules that did not make it, or rules of their own taken back.
 */
export function requireBundle({ bundle, content }: StoredBundle): void {
  if (nameBundle(content) === bundle) return;
  throw new Fault('E_STORE_CORRUPT', `what is kept as bundle ${bundle} is not what that digest names`);
}

/**
 * Whether a bundle is of the form whose names a version with other defaults cannot make again: that it does not fit its name
 * says nothing then.
 */
export function isFormerBundle({ content }: StoredBundle): boolean {
  return content['format'] === FORMER;
}

/** The name that a recorded bundle has by its content. Throws a `Fault` E_STORE_CORRUPT where the record is not one. */
export function nameBundle(content: JsonObject): Digest {
  return digestContent(parseContent(content));
}

type Content = z.infer<typeof contentSchema>;

function parseContent(content: JsonObject): Content {
  const parsed = contentSchema.safeParse(content);
  if (!parsed.success) throw new Fault('E_STORE_CORRUPT', 'the recorded bundle cannot be read');
  return parsed.data;
}

function digestContent({ format, file, text, policies: policyFiles, templates }: Content): Digest {
  const texts = { policyFiles, templates };
  // Of the present form nothing is asked but what is written: whether this version takes it for rules is no matter.
  if (format === 'chaperone.bundle/2') {
    const { value, problems } = readYaml(text, file);
    if (problems.length === 0) return digestBundle(value, texts);
    throw new Fault('E_STORE_CORRUPT', 'the configuration of the recorded bundle cannot be read');
  }
  return digestDefaulted(withVerifier(parseConfig(text, file, parseOptions).manifest), texts);
}

/**
 * Decides a recorded call again, under the bundle that decided it, and says what every rule did. Undefined where policy
 * was never asked: the call was refused before.
 */
export function explainDecision(catalog: Catalog, event: StoredEvent): Explanation | undefined {
  const decided = decidedSchema.safeParse(restoreExact(event.body));
  const entry = event.tool === undefined ? undefined : catalog.find(event.tool, event.agent ?? '');
  if (!decided.success || entry === undefined || event.agent === undefined) return undefined;
  const { user, run, decidedAtMs } = decided.data;
  return catalog.kernel.explain({
    principal: { tenant: event.tenant, agent: event.agent, ...(user === null ? {} : { onBehalfOf: user }) },
    tool: entry.governed,
    arguments: decided.data.arguments,
    run,
    flow: decided.data.flow ?? unassessedFlow,
    nowMs: decidedAtMs,
  });
}
