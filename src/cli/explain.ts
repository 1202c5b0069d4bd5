import { openConfig, openRecordFor } from '../app/open-config.ts';
import { explainDecision, reopenBundle } from '../app/reopen-bundle.ts';
import type { Digest } from '../base/digest.ts';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import type { StoredEvent } from '../model/event.ts';
import { printPlace } from '../model/place.ts';
import type { Explanation } from '../policy/kernel.ts';
import { readCallRecord } from '../runtime/explain.ts';
import type { CommandContext } from './command-context.ts';
import { eventToJson, printEvent, printReason } from './print-event.ts';

/** Why a call was decided as it was: what is recorded, and with `--trace` every rule and the nearest change. */
export async function explain(
  context: CommandContext,
  id: string,
  options: { readonly trace: boolean },
): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const record = await openRecordFor(loaded, `decision ${id}`);
  try {
    const { callId, events } = await readCallRecord(record, loaded.manifest.tenant, id);
    const decided = events.find((event) => typeof event.body['verdict'] === 'string');
    const bundle = decided?.body['bundle'];
    const stored = typeof bundle === 'string' ? await record.readBundle(bundle as Digest) : undefined;
    const explanation = options.trace && decided && stored ? explainDecision(reopenBundle(stored), decided) : undefined;
    terminal.data(
      {
        callId,
        events: events.map(eventToJson),
        ...(explanation === undefined ? {} : { explanation: JSON.parse(JSON.stringify(explanation)) as JsonObject }),
      },
      [
        ...events.map((event) => printEvent(event, terminal)),
        ...reasonsOf(decided ?? events.at(-1)),
        ...(options.trace ? printValues(decided) : []),
        ...(explanation === undefined ? [] : printTrace(explanation)),
      ],
    );
    if (!options.trace && decided) terminal.say(`every rule: chaperone explain ${callId} --trace`);
    if (options.trace && explanation === undefined) terminal.say('policy was not asked: the call was refused before');
  } finally {
    await record.close();
  }
}

function reasonsOf(event: StoredEvent | undefined): readonly string[] {
  const reasons = event?.body['reasons'];
  if (!Array.isArray(reasons)) return [];
  return ['', ...reasons.filter(isJsonObject).map((reason) => `because ${printReason(reason)}`)];
}

/** Where each value of the arguments comes from, by its JSON pointer. */
function printValues(event: StoredEvent | undefined): readonly string[] {
  const values = event?.body['values'];
  if (!Array.isArray(values) || values.length === 0) return [];
  const lines = values.filter(isJsonObject).map(({ path, integrity, origins, more }) => {
    if (typeof path !== 'string') return `  and ${String(more)} more`;
    const from = Array.isArray(origins) && origins.length > 0 ? origins.join(', ') : 'nothing that was read';
    return `  ${String(integrity).padEnd(9)} ${path}  from ${from}`;
  });
  return ['', 'where its values come from:', ...lines];
}

function printTrace({ decision, trace }: Explanation): readonly string[] {
  return [
    '',
    ...trace
      .filter((step) => step.outcome !== 'out-of-scope')
      .map(
        ({ id, kind, place, outcome, determining, message }) =>
          `${determining ? '→' : ' '} ${kind.padEnd(6)} ${outcome.padEnd(11)} ${id}  ${printPlace(place)}${
            message === undefined ? '' : `  ${message}`
          }`,
      ),
    ...(decision.nearestChange === undefined ? [] : ['', `to permit it: ${decision.nearestChange}`]),
  ];
}
