import type { Obligation } from '../model/decision.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import type { GovernedTool } from '../model/tool.ts';

/** The duties that go with a call of this tool by this agent, if it goes ahead. */
export type ObligationsOf = (agent: string, tool: GovernedTool) => readonly Obligation[];

/**
 * Reads the duties out of a manifest once. Every `fields` list that applies is a duty of its own, the tool's and each
 * matching grant's, so a field crosses back only if all of them name it; a tool's time-out replaces its server's.
 */
export function readObligations(manifest: Manifest, placeOf: PlaceOf): ObligationsOf {
  const byTool = new Map<string, Obligation[]>();
  for (const [name, { fields, timeout }] of Object.entries(manifest.tools)) {
    const duties: Obligation[] = [];
    if (fields) duties.push({ kind: 'fields', fields, place: placeOf(['tools', name, 'fields']) });
    if (timeout !== undefined) duties.push({ kind: 'timeout', timeoutMs: timeout });
    if (duties.length > 0) byTool.set(name, duties);
  }
  const serverTimeouts = new Map<string, Obligation>();
  for (const [name, { timeout }] of Object.entries(manifest.servers)) {
    if (timeout !== undefined) serverTimeouts.set(name, { kind: 'timeout', timeoutMs: timeout });
  }
  const byAgent = new Map<string, Map<string, Obligation>>();
  for (const [agent, { tools }] of Object.entries(manifest.agents)) {
    const byPattern = new Map<string, Obligation>();
    for (const [pattern, { fields }] of Object.entries(tools)) {
      const place = placeOf(['agents', agent, 'tools', pattern, 'fields']);
      if (fields) byPattern.set(pattern, { kind: 'fields', fields, place });
    }
    if (byPattern.size > 0) byAgent.set(agent, byPattern);
  }

  return (agent, { name, tool: { server } }) => {
    const duties = [...(byTool.get(name) ?? [])];
    const serverTimeout = serverTimeouts.get(server);
    if (serverTimeout && !duties.some((duty) => duty.kind === 'timeout')) duties.push(serverTimeout);
    const byPattern = byAgent.get(agent);
    if (byPattern) {
      for (const pattern of [name, `${server}/*`, '*']) {
        const duty = byPattern.get(pattern);
        if (duty) duties.push(duty);
      }
    }
    return duties;
  };
}
