import { draftManifest } from '../app/draft-manifest.ts';
import { openCatalog } from '../app/open-catalog.ts';
import { openConfig } from '../app/open-config.ts';
import type { JsonObject } from '../base/json.ts';
import { findNamings, type Namings } from '../policy/find-verb.ts';
import { inferTool } from '../policy/infer.ts';
import { inferSink } from '../policy/infer-sinks.ts';
import { listArguments } from '../policy/list-arguments.ts';
import type { CatalogEntry } from '../runtime/catalog.ts';
import type { CommandContext } from './command-context.ts';
import { printNotice } from './print-notice.ts';

/** Prints every tool with what was declared or inferred of it, or drafts a manifest from that. */
export async function map(context: CommandContext, options: { readonly draft: boolean }): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const { catalog } = await openCatalog(loaded, context.env, printNotice(terminal));
  if (options.draft) return terminal.text(draftManifest(catalog));
  const entries = [...catalog.tools.values()];
  const namings = findNamings(entries.map(({ governed }) => governed.tool));
  const described = entries.map((entry) => describe(entry, namings));
  terminal.data(
    described.map(toJson),
    described.flatMap((tool) => print(tool)),
  );
  if (entries.length === 0) terminal.say('no tools: name servers in chaperone.yaml, or run `chaperone init`');
  else terminal.say('a strict draft: chaperone map --draft > chaperone.draft.yaml');
}

/** Everything there is to say of one tool. */
interface DescribedTool extends CatalogEntry {
  readonly effectBecause: string;
  readonly consequenceBecause: string;
  readonly source: { readonly value: boolean; readonly because: string };
  readonly parameters: readonly DescribedParameter[];
}

interface DescribedParameter {
  readonly path: string;
  readonly types: readonly string[];
  /** What leaves the run by it; absent where nothing does. */
  readonly sink?: {
    readonly carries: string;
    readonly because: string;
    readonly declared: boolean;
    readonly from: readonly string[];
  };
}

function describe(entry: CatalogEntry, namings: Namings): DescribedTool {
  const { tool, effect, declared, sinks } = entry.governed;
  const inferred = inferTool(tool, { namings, ...(declared && { effect }) });
  const shapes = listArguments(tool.inputSchema);
  const listed = new Set(shapes.map(({ path }) => path));
  const parameters = [
    ...shapes.map(({ path }) => path),
    ...sinks.map(({ path }) => path).filter((at) => !listed.has(at)),
  ];
  return {
    ...entry,
    effectBecause: declared ? 'declared' : `inferred: ${inferred.effect.because}`,
    consequenceBecause: declared ? 'declared' : `inferred: ${inferred.consequence.because}`,
    source: inferred.source,
    parameters: parameters.map((path): DescribedParameter => {
      const shape = shapes.find((one) => one.path === path);
      const sink = sinks.find((one) => one.path === path);
      const types = [...(shape?.types ?? [])];
      if (sink === undefined) return { path, types };
      const { carries, from = [] } = sink;
      const because = sink.declared
        ? 'declared'
        : ((shape && inferSink(shape)?.because) ?? 'the schema leaves it open');
      return { path, types, sink: { carries, because, declared: sink.declared, from } };
    }),
  };
}

function print({ governed, disabled, effectBecause, source, parameters }: DescribedTool): readonly string[] {
  const { name, effect, consequence, audience, yields } = governed;
  return [
    `${name}  ${effect}, ${consequence} consequence  (${effectBecause})`,
    ...parameters.map(({ path, types, sink }) =>
      sink === undefined
        ? `    takes   ${path}  ${types.join(' or ') || 'anything'}`
        : `    sink    ${path}  ${sink.carries}: ${[sink.because, ...sink.from.map((from) => `from ${from}`)].join(', ')}`,
    ),
    ...(audience === undefined ? [] : [`    goes to ${audience}`]),
    ...(source.value
      ? [`    source  ${yields?.integrity ?? 'untrusted'}, ${yields?.secrecy ?? 'internal'}: ${source.because}`]
      : []),
    ...(disabled === undefined ? [] : [`    disabled  ${disabled.message}`]),
  ];
}

function toJson({
  governed,
  disabled,
  consequenceBecause,
  effectBecause,
  source,
  parameters,
}: DescribedTool): JsonObject {
  const { name, pin, effect, consequence, declared, audience, yields } = governed;
  return {
    tool: name,
    pin,
    effect,
    effectBecause,
    consequence,
    consequenceBecause,
    declared,
    parameters: parameters.map(({ path, types, sink }) => ({
      path,
      types: [...types],
      sink: sink === undefined ? null : { ...sink, from: [...sink.from] },
    })),
    audience: audience ?? null,
    source: source.value,
    sourceBecause: source.because,
    integrity: yields?.integrity ?? 'untrusted',
    secrecy: yields?.secrecy ?? 'internal',
    identifiers: [...(yields?.identifiers ?? [])],
    disabled: disabled?.code ?? null,
  };
}
