import { type Digest, digestJson } from '../../base/digest.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { canonicalJson, type JsonObject } from '../../base/json.ts';
import type { Decision } from '../../model/decision.ts';
import type { StoredEvent } from '../../model/event.ts';
import { type GovernedTool, type Tool, toolName } from '../../model/tool.ts';
import type { Store } from '../../ports/store.ts';
import type { Catalog } from '../../runtime/catalog.ts';
import { narrowDecision } from '../../runtime/narrow-decision.ts';
import { recordObligation } from '../../runtime/record.ts';
import { recordReason } from '../../runtime/record-parts.ts';
import { isFormerBundle, readBundleContent, requireBundle } from '../reopen-bundle.ts';
import {
  type DecidedRecord,
  type RecordedDecision,
  readDecision,
  type Undecidable,
  undecidable,
} from './read-decision.ts';
import { governedToolSchema, readRecorded } from './recorded-shapes.ts';
import { recordedTools } from './recorded-tools.ts';
import { Rules } from './rules.ts';

/** A recorded decision made again, and whether the same came out. */
export type Redecided =
  | {
      readonly kind: 'same' | 'differs';
      readonly recorded: RecordedDecision;
      readonly tool: GovernedTool;
      readonly again: DecidedRecord;
    }
  | Undecidable;

export type Kept = Pick<Store, 'readBundle' | 'readContent' | 'listPins'>;

/** Makes recorded decisions again from what is recorded, and from nothing else. Remembers bundles and tools. */
export class Redecider {
  readonly #store: Kept;
  readonly #rules = new Map<Digest, Promise<Rules | Undecidable>>();
  readonly #tools = new Map<Digest, Promise<GovernedTool | undefined>>();

  constructor(store: Kept) {
    this.#store = store;
  }

  /** Undefined where the event records no decision of policy. Throws a `Fault` where the store cannot be read. */
  async redecide(event: StoredEvent): Promise<Redecided | undefined> {
    const recorded = readDecision(event);
    if (recorded === undefined || recorded.kind === 'undecidable') return recorded;
    const tool = await this.tool(recorded.governed);
    if (tool === undefined) return undecidable('the tool is not kept as it was');
    const rules = await this.#open(recorded.bundle);
    if ('why' in rules) return rules;
    let again: DecidedRecord;
    try {
      again = decideAgain(recorded, tool, rules.catalogFor(tool));
    } catch (error) {
      return cannotOpen(error);
    }
    const kind = canonicalJson({ ...again }) === canonicalJson({ ...recorded.decided }) ? 'same' : 'differs';
    return { kind, recorded, tool, again };
  }

  /** A tool as it was governed when a call of it was decided. */
  tool(digest: Digest): Promise<GovernedTool | undefined> {
    const known = this.#tools.get(digest);
    if (known !== undefined) return known;
    const read = this.#store.readContent(digest).then((content) => {
      if (content === undefined) return undefined;
      const what = `the tool that is kept as ${digest}`;
      if (digestJson(content) !== digest) throw new Fault('E_STORE_CORRUPT', `${what} is not what that digest names`);
      return readRecorded(governedToolSchema, content, what);
    });
    this.#tools.set(digest, read);
    return read;
  }

  #open(bundle: Digest): Promise<Rules | Undecidable> {
    const known = this.#rules.get(bundle);
    if (known !== undefined) return known;
    const opened = this.#store.readBundle(bundle).then(async (stored) => {
      if (stored === undefined) return undecidable('the bundle that decided is not in the store');
      // The decision has to come out of it to the last reason, whatever it is.
      if (!isFormerBundle(stored)) requireBundle(stored);
      try {
        const { tools, ...input } = readBundleContent(stored);
        return new Rules(input, [
          ...new Map([...(await recordedTools(this.#store, input.manifest)), ...tools].map(byName)).values(),
        ]);
      } catch (error) {
        return cannotOpen(error);
      }
    });
    this.#rules.set(bundle, opened);
    return opened;
  }
}

const byName = (tool: Tool): [string, Tool] => [toolName(tool), tool];

function cannotOpen(error: unknown): Undecidable {
  const { message } = toFault(error, 'E_STORE_CORRUPT', 'it cannot be read');
  return undecidable(`the bundle that decided cannot be opened any more: ${message}`);
}

/** Decides as the line does, and writes it down as the record does. */
export function decideAgain(
  { request, leaving }: Pick<RecordedDecision, 'request' | 'leaving'>,
  tool: GovernedTool,
  { kernel, manifest }: Pick<Catalog, 'kernel' | 'manifest'>,
): DecidedRecord {
  const decision = kernel.decide({ ...request, tool });
  const leaves = request.flow.outward || tool.effect === 'read';
  return toRecord(narrowDecision(decision, leaving, leaves, manifest.mode));
}

function toRecord({ verdict, observed, reasons, obligations }: Decision): DecidedRecord {
  return {
    verdict,
    observed: observed ?? null,
    reasons: reasons.map(recordReason),
    obligations: obligations.map(recordObligation) as readonly JsonObject[],
  };
}
