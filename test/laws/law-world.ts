import { createThreadScanner } from '../../src/adapters/scanners/threads/create-thread-scanner.ts';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import type { Clock } from '../../src/base/clock.ts';
import { type Digest, digestJson } from '../../src/base/digest.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { Intent } from '../../src/model/intent.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import { pinTool, type Tool, type ToolName, toolName } from '../../src/model/tool.ts';
import type { StopSwitch } from '../../src/ports/stop-switch.ts';
import type { Store } from '../../src/ports/store.ts';
import type { CallContext, Execution, ToolSource } from '../../src/ports/tool-source.ts';
import { AskedCalls } from '../../src/runtime/asked-calls.ts';
import { lifeOf } from '../../src/runtime/budget-scopes.ts';
import { buildCatalog, type Catalog } from '../../src/runtime/catalog.ts';
import { type Alert, Guards } from '../../src/runtime/guards.ts';
import { HistoryBook } from '../../src/runtime/history-book.ts';
import { recallBreakers } from '../../src/runtime/recall-breakers.ts';
import { RunBook } from '../../src/runtime/run-book.ts';
import { RunMarkers } from '../../src/runtime/run-markers.ts';
import type { World } from '../../src/runtime/world.ts';
import { HeldSecrets } from '../../src/scan/held-secrets.ts';
import { keyDigest } from '../simulation/key-digest.ts';
import { Seeded } from '../simulation/seeded.ts';

/** A runtime of the laws: real line, real policy, a store in memory, and one tool server that the law supplies. */
export interface LawWorld {
  readonly world: World;
  /** What is written, past whatever the world's own store pretends. */
  readonly truth: Store;
  /** What people were told. */
  readonly alerts: readonly Alert[];
  /** Lets time pass. */
  advance(ms: number): void;
  /** Sets the wall clock back, while time goes on. */
  setBack(ms: number): void;
  /** Puts another catalog into force, as a reload does. */
  enthrone(catalog: Catalog): Promise<void>;
}

export interface LawWorldOptions {
  readonly catalog: Catalog;
  readonly call: ToolSource['call'];
  /** Wraps the store the runtime sees. */
  readonly wrap?: (truth: Store) => Store;
  /** A store that outlived an earlier world. */
  readonly truth?: Store;
  readonly seed?: number;
  readonly tenant?: string;
  readonly stopSwitch?: StopSwitch;
}

const noSwitch: StopSwitch = { find: () => undefined, list: () => [] };
export const APPROVAL_LIFE_MS = 900_000;
const START_MS = 1_700_000_000_000;

export async function openLawWorld(options: LawWorldOptions): Promise<LawWorld> {
  const truth = options.truth ?? openMemoryStore();
  const store = options.wrap?.(truth) ?? truth;
  const alerts: Alert[] = [];
  const seeded = new Seeded(options.seed ?? 1);
  let nowMs = START_MS;
  let passedMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => passedMs,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => seeded.below(256)),
  };
  let { catalog } = options;
  const guards = new Guards({ clock, onAlert: (alert) => alerts.push(alert), wait: async () => {} });
  await recallBreakers({ store: truth, clock, guards });
  const source: ToolSource = {
    server: 'law',
    list: async () => [...catalog.tools.values()].map(({ governed }) => governed.tool),
    call: options.call,
    onListChanged: () => () => {},
    close: async () => {},
  };
  const enthrone = async (next: Catalog) => {
    catalog = next;
    await truth.commit([
      { kind: 'bundle.activate', bundle: next.bundle, content: {}, atMs: nowMs },
      ...[...next.tools.values()].map(({ governed }) => ({
        kind: 'pin.set' as const,
        tool: governed.name,
        pin: governed.pin,
        descriptor: {},
        atMs: nowMs,
      })),
    ]);
  };
  await enthrone(catalog);
  return {
    truth,
    alerts,
    enthrone,
    advance: (ms) => {
      nowMs += ms;
      passedMs += ms;
    },
    setBack: (ms) => {
      nowMs -= ms;
    },
    world: {
      clock,
      store,
      keyDigest,
      runs: new RunBook(clock, store, (agent) => lifeOf(catalog.manifest, agent)),
      asked: await AskedCalls.recall(truth, options.tenant ?? 'default', nowMs),
      scanner: createThreadScanner(),
      held: new HeldSecrets(),
      reserved: { find: () => undefined },
      stopSwitch: options.stopSwitch ?? noSwitch,
      markers: new RunMarkers(clock),
      histories: new HistoryBook(store, keyDigest),
      guards,
      inFlight: { count: 0 },
      catalog: () => catalog,
      sources: () => (server) => (server === 'law' ? source : undefined),
      onBug: (error) => {
        throw error;
      },
    },
  };
}

export interface CatalogOptions {
  readonly manifest: unknown;
  readonly tools: readonly Tool[];
  /** Cedar text, placed in `law.cedar`. */
  readonly policy?: string;
  /** Reviewed pins, where they are not those of the tools as they are. */
  readonly pins?: ReadonlyMap<ToolName, Digest>;
}

export function lawCatalog({ manifest, tools, policy, pins }: CatalogOptions): Catalog {
  return buildCatalog({
    bundle: digestJson({ manifest: manifest as JsonObject, policy: policy ?? null }),
    manifest: manifestSchema.parse(manifest),
    placeOf: () => ({ file: 'law.yaml', line: 1, column: 1 }),
    policyFiles: policy === undefined ? [] : [{ file: 'law.cedar', text: policy }],
    tools,
    pins: pins ?? new Map(tools.map((tool) => [toolName(tool), pinTool(tool)])),
  });
}

export function lawTool(name: string, properties: Tool['inputSchema'], description = 'a tool'): Tool {
  return { server: 'law', name, description, inputSchema: { type: 'object', properties } };
}

/** A tool body that answers, and counts. */
export function counting(effects: Intent[]): (intent: Intent, context: CallContext) => Promise<Execution> {
  return async (intent) => {
    effects.push(intent);
    return { ok: true, result: { content: [{ type: 'text', text: 'done' }] } };
  };
}
