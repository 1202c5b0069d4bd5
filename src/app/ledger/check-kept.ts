import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kept, KeptKind } from '../../adapters/stores/sqlite/list-kept.ts';
import type { CheckedRecordReader } from '../../adapters/stores/sqlite/open-record-reader.ts';
import { type Digest, digestJson } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { dataFolder, type PlacedConfig } from '../data-folder.ts';
import { readRecordKeys, recordKeyFolder } from '../open-store.ts';
import { isFormerBundle, requireBundle } from '../reopen-bundle.ts';

const PAGE = 200;

/**
 * Holds what events name, and do not say, against its name: the rules that were in force, the tools as they were governed, and,
 * where the key of the record is, the keys of runs. Without it an event verifies, and nobody can tell why it was so, or read it.
 *
 * @throws Fault E_STORE_CORRUPT or E_RECORD_KEY that names the first that is not what it was, or rules that are gone.
 */
export async function checkKept(
  record: Pick<CheckedRecordReader, 'listKept' | 'findMissingBundle'>,
  config: PlacedConfig,
): Promise<void> {
  const data = dataFolder(config);
  const keys = readRecordKeys(data);
  await each(record, 'bundle', ({ name, text }) => {
    const bundle = { bundle: name as Digest, content: parse(`bundle ${name}`, text) }; // held against it below
    if (!isFormerBundle(bundle)) requireBundle(bundle);
  });
  const missing = await record.findMissingBundle();
  if (missing !== undefined)
    throw new Fault('E_STORE_CORRUPT', `bundle ${missing} was in force, and is not kept any more`);
  await each(record, 'content', ({ name, text }) => {
    if (digestJson(parse(name, text)) !== name) throw notWhatItWas(name);
  });
  // Where there is no key of the record, it cannot be read, and still verifies.
  if (!existsSync(recordKeyFolder(data))) return;
  await each(record, 'run key', async ({ name, text, tenant }) => {
    (await keys.unwrap({ tenant, runId: name }, text)).fill(0);
  });
}

async function each(
  record: Pick<CheckedRecordReader, 'listKept'>,
  kind: KeptKind,
  check: (kept: Kept) => void | Promise<void>,
): Promise<void> {
  for (let after = ''; ; ) {
    const page = await record.listKept(kind, after, PAGE);
    for (const kept of page) await check(kept);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.name;
    await nextTurn();
  }
}

function parse(name: string, text: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw notWhatItWas(name);
  }
  if (isJsonObject(value)) return value;
  throw notWhatItWas(name);
}

function notWhatItWas(name: string): Fault {
  return new Fault('E_STORE_CORRUPT', `what is kept as ${name} is not what that digest names`);
}
