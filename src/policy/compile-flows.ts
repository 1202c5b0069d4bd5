import type { Reason } from '../model/decision.ts';
import type { FlowFacts } from '../model/flow-facts.ts';
import type { Flow } from '../model/flow-rules.ts';
import type { Manifest, PlaceOf } from '../model/manifest.ts';
import { NAMESPACE } from './cedar/generate-cedar-schema.ts';
import { type ManifestPolicy, resourceScope, writePolicy } from './manifest-policy.ts';
import { quoteCedar } from './quote-cedar.ts';
import type { Rule } from './rule.ts';

/** What flow knows of a call binds policy in every mode: its objection asks or denies, whatever else permits. */
export function obeyFlow(placeOf: PlaceOf): ManifestPolicy[] {
  const place = placeOf(['mode']);
  return [
    writePolicy(DENY, 'forbid', 'principal, action, resource', ['when { context.flow.verdict == "deny" }'], {
      place,
      message: 'a value of this call, or the call itself, comes from what others wrote',
      code: 'E_TAINT_SINK',
    }),
    writePolicy(ASK, 'ask', 'principal, action, resource', ['when { context.flow.verdict == "ask" }'], {
      place,
      message: 'not every value of this call comes from a trusted place',
      code: 'E_TAINT_SINK',
    }),
  ];
}

const DENY = 'flow.deny';
const ASK = 'flow.ask';

/**
 * A rule as it speaks of one call: the two that bind policy to flow give flow's own objections as their reasons, and
 * are a person's control where the objection is about a sink that a person wrote.
 */
export function speakForFlow(rule: Rule, flow: FlowFacts): Rule {
  if (!rule.generated || (rule.id !== DENY && rule.id !== ASK)) return rule;
  const { id } = rule;
  const reasons = flow.reasons.map((reason): Reason => ({ ...reason, policy: id }));
  return { ...rule, explicit: flow.declared, reasons: reasons.length > 0 ? reasons : rule.reasons };
}

/** `flows` of the manifest: one rule each, over everything the run has read so far. */
export function compileFlows(flows: Manifest['flows'], placeOf: PlaceOf): ManifestPolicy[] {
  return flows.map((flow, i) => {
    const { scope, condition } = boundary(flow.to);
    const read = `when { context.run.read.contains(${quoteCedar(flow.from)}) }`;
    return writePolicy(idOfFlow(flow), flow.then === 'ask' ? 'ask' : 'forbid', scope, [read, ...condition], {
      place: placeOf(['flows', i]),
      message: `this run has read \`${flow.from}\`, ${AFTERWARDS[flow.to] ?? `and this is \`${flow.to}\``}`,
      explicit: true,
      code: 'E_TAINT_EGRESS',
    });
  });
}

export function idOfFlow({ from, to }: Flow): string {
  return `flows.${from}.${to}`;
}

const AFTERWARDS: Readonly<Record<string, string>> = {
  outside: 'and this may leave the organisation',
  write: 'and this changes something',
};

function boundary(to: string): { readonly scope: string; readonly condition: readonly string[] } {
  if (to === 'outside') {
    return { scope: 'principal, action, resource', condition: ['when { context.flow.outward }'] };
  }
  if (to === 'write') return { scope: `principal, action in ${NAMESPACE}::Action::"write", resource`, condition: [] };
  return { scope: `principal, action, ${resourceScope(to)}`, condition: [] };
}
