import { canonicalJson, type JsonObject } from '../base/json.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Notify } from './notice.ts';

/** Settings that are read once, when the process starts. */
const READ_AT_START = ['tenant', 'listen', 'data', 'ledger', 'telemetry', 'classifiers'] as const;

/** Nobody should believe that a setting is in force which a reload has changed and only a restart puts there. */
export function tellWhatWaits(started: Manifest, loaded: Manifest, notify: Notify): void {
  for (const key of READ_AT_START) {
    if (isSameSetting(started[key], loaded[key])) continue;
    notify({ kind: 'warning', message: `\`${key}\` changed, which takes a restart; the old one holds` });
  }
}

/** Whether two parts of manifests say the same. */
export function isSameSetting(a: unknown, b: unknown): boolean {
  const text = (value: unknown) => canonicalJson(JSON.parse(JSON.stringify(value ?? null)) as JsonObject);
  return text(a) === text(b);
}
