import { openFileSwitch } from '../../adapters/switches/files/open-file-switch.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder } from '../data-folder.ts';
import type { Check } from './check.ts';

/** Files that stop calls, whatever the record says, and why. */
export function checkStops(loaded: LoadedConfig): readonly Check[] {
  const thrown = openFileSwitch(dataFolder(loaded)).list();
  if (thrown.length === 0) return [{ name: 'switches', state: 'ok', detail: 'no file stops anything' }];
  return thrown.map(({ scope, place, by, reason, broken }) => ({
    name: 'switches',
    state: 'warning',
    detail:
      broken === undefined
        ? `\`${place}\` stops ${scope} (${by}: ${reason}); \`chaperone resume\` takes it away`
        : `\`${place}\` stops everything: ${broken}; remove it, then \`chaperone resume --all\``,
  }));
}
