import { Fault } from '../base/fault.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import { printPlace } from '../model/place.ts';
import type { GovernedTool } from '../model/tool.ts';

/** Who reads back what writes have brought about. No token and no manifest can have this name. */
export const VERIFIER = 'chaperone:verifier';

/** The manifest with what Chaperone itself may do: call the tools that read back, and nothing else. */
export function withVerifier(manifest: Manifest): Manifest {
  const calls = Object.values(manifest.tools).flatMap(({ verify }) => (verify === undefined ? [] : [verify.call]));
  if (calls.length === 0) return manifest;
  const tools = Object.fromEntries(calls.map((call) => [call, { approval: 'never' as const, arguments: {} }]));
  return { ...manifest, agents: { ...manifest.agents, [VERIFIER]: { onBehalfOf: [], tools, deny: [] } } };
}

/** Throws a `Fault` E_CONFIG where something that writes would be called to read back. */
export function checkReadBacks(manifest: Manifest, tools: ReadonlyMap<string, GovernedTool>, placeOf: PlaceOf): void {
  for (const [name, { verify }] of Object.entries(manifest.tools)) {
    if (verify === undefined || tools.get(verify.call)?.effect !== 'write') continue;
    const place = printPlace(placeOf(['tools', name, 'verify', 'call']));
    throw new Fault(
      'E_CONFIG',
      `${place}: \`${verify.call}\` writes, or is not known to only read; declare it \`effect: read\``,
    );
  }
}
