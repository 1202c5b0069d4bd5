import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyEvents } from '../../adapters/stores/sqlite/verify-events.ts';
import { systemClock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { digestTiers, judgeReview } from '../../runtime/approving/tier-review.ts';
import type { Catalog } from '../../runtime/catalog.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder, placeData } from '../data-folder.ts';
import { listWeakenings } from '../list-weakenings.ts';
import { openCatalog } from '../open-catalog.ts';
import { openRecord } from '../open-config.ts';
import { describeOther, readGateways } from '../read-gateways.ts';
import { listExposed } from '../reserved/list-reserved.ts';
import type { Check } from './check.ts';
import { checkCanary } from './check-canary.ts';
import { checkDumps } from './check-dumps.ts';
import { checkHandled } from './check-handled.ts';
import { checkStops } from './check-stops.ts';
import { checkWalls } from './check-walls.ts';

const OTHERS = 0o077;

/** What is right and wrong with an installation, without changing anything. */
export async function checkInstallation(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  return [
    checkNode(),
    await checkData(dataFolder(loaded)),
    ...checkPlaces(loaded),
    await checkStore(join(dataFolder(loaded), 'store.db')),
    ...(await checkGateways(loaded)),
    ...(await checkCanary(loaded)),
    ...(await checkHandled(loaded)),
    ...checkStops(loaded),
    ...checkWeakenings(loaded),
    ...(await checkTools(loaded, environment)),
    ...checkPins(loaded),
    ...(await checkWalls(loaded, environment)),
  ];
}

function checkNode(): Check {
  const major = Number(process.versions.node.split('.')[0]);
  const state = major >= 24 ? 'ok' : 'failed';
  return { name: 'node', state, detail: `${process.version} on ${process.platform}-${process.arch}` };
}

async function checkData(data: string): Promise<Check> {
  const found = await stat(data).catch(() => undefined);
  if (found === undefined) return { name: 'data folder', state: 'warning', detail: `${data} is not there yet` };
  const open = process.platform !== 'win32' && (found.mode & OTHERS) !== 0;
  return open
    ? { name: 'data folder', state: 'failed', detail: `others can read ${data}: chmod 700 ${data}` }
    : { name: 'data folder', state: 'ok', detail: data };
}

/** What of the gateway's own lies where agents' tools work. */
function checkPlaces(loaded: LoadedConfig): readonly Check[] {
  const { folder, warning } = placeData(loaded);
  return [...(warning === undefined ? [] : [warning]), ...listExposed(loaded, folder)].map((detail) => ({
    name: 'places',
    state: 'warning',
    detail,
  }));
}

/** What the manifest says that makes an approval, or a second person, prove less. */
function checkWeakenings({ manifest }: LoadedConfig): readonly Check[] {
  return listWeakenings(manifest).map(({ place, says }) => ({
    name: 'weakened',
    state: 'warning',
    detail: `\`${place}\` has ${says}`,
  }));
}

async function checkStore(path: string): Promise<Check> {
  try {
    const { checked, problem } = await verifyEvents({ path });
    return problem === undefined
      ? { name: 'record', state: 'ok', detail: `${checked} events, every digest as it was written` }
      : { name: 'record', state: 'failed', detail: `event ${problem.seq}: ${problem.message}` };
  } catch (error) {
    const { code, message } = toFault(error, 'E_STORE', 'it cannot be read');
    return code === 'E_STORE_NONE'
      ? { name: 'record', state: 'warning', detail: 'nothing is recorded yet' }
      : { name: 'record', state: 'failed', detail: `${code} ${message}` };
  }
}

/** A gateway with another configuration on the same data folder: one of the two has all its calls refused. */
async function checkGateways(loaded: LoadedConfig): Promise<readonly Check[]> {
  const name = 'gateways';
  try {
    const record = await openRecord(loaded);
    try {
      const { pids, active } = await readGateways(loaded, record);
      if (active?.pid !== undefined && !active.isThis)
        return [{ name, state: 'warning', detail: describeOther(active) }];
      const who =
        pids.length === 0 ? 'no process has the store open' : `the store is open in process ${pids.join(', ')}`;
      return [{ name, state: 'ok', detail: who }, ...(await checkDumps(pids))];
    } finally {
      await record.close();
    }
  } catch (error) {
    const { code, message } = toFault(error, 'E_STORE', 'it cannot be read');
    return code === 'E_STORE_NONE' ? [] : [{ name, state: 'failed', detail: `${code} ${message}` }];
  }
}

async function checkTools(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Check[]> {
  const said: Check[] = [];
  try {
    const { catalog } = await openCatalog(loaded, environment, (notice) => {
      if (notice.kind === 'error') said.push({ name: 'server', state: 'failed', detail: notice.message });
      if (notice.kind === 'warning') said.push({ name: 'server', state: 'warning', detail: notice.message });
    });
    const undeclared = [...catalog.tools.values()].filter((entry) => !entry.governed.declared).length;
    const { mode } = loaded.manifest;
    return [
      {
        name: 'tools',
        state: 'ok',
        detail: `${catalog.tools.size} tools, ${undeclared} of them inferred; mode ${mode}`,
      },
      ...(mode === 'observe' ? [{ name: 'mode', state: 'warning' as const, detail: '`observe` blocks nothing' }] : []),
      ...(await checkReview(loaded, catalog)),
      ...catalog.problems.map((detail): Check => ({ name: 'tools', state: 'failed', detail })),
      ...said,
    ];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ name: 'tools', state: 'failed', detail: `${error.code} ${error.message}` }, ...said];
  }
}

/** Whether somebody has looked at the consequences of these tools, and lately. */
async function checkReview(loaded: LoadedConfig, { tools }: Catalog): Promise<readonly Check[]> {
  const { manifest } = loaded;
  if (manifest.approvals.reviews === undefined) return [];
  const record = await openRecord(loaded).catch(() => undefined);
  try {
    const review = await record?.readTierReview(manifest.tenant);
    const governed = [...tools.values()].map((entry) => entry.governed);
    const due = judgeReview(manifest, review, digestTiers(manifest, governed), systemClock.nowMs());
    const detail = due === undefined ? `reviewed by ${review?.by}` : `a review is due (${due}): chaperone tools tiers`;
    return [{ name: 'consequences', state: due === undefined ? 'ok' : 'warning', detail }];
  } finally {
    await record?.close();
  }
}

/** Servers that could change without anybody noticing. */
function checkPins({ manifest }: LoadedConfig): readonly Check[] {
  return Object.entries(manifest.servers)
    .filter(([, server]) => 'command' in server && server.digest === undefined)
    .map(([name]) => ({
      name: 'server',
      state: 'warning',
      detail: `\`${name}\` is started from files that nothing pins: give it \`package\` or \`files\` with \`digest\``,
    }));
}
