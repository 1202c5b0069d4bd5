import { Fault } from '../base/fault.ts';
import type { Reason } from '../model/decision.ts';
import { printPlace } from '../model/place.ts';
import type { ParsedPolicy } from './cedar/parse-policies.ts';
import type { PolicyInfo, PolicyKind } from './kernel.ts';
import type { ManifestPolicy } from './manifest-policy.ts';

/** A policy as decisions speak of it. */
export interface Rule extends PolicyInfo {
  /** What a decision says when this rule determines it. At least one. */
  readonly reasons: readonly Reason[];
  /** Whether it was compiled from the manifest; the others are of `.cedar` files. */
  readonly generated: boolean;
}

/** The rule of a policy that the manifest compiled to. */
export function ruleOfManifest({ id, kind, place, explicit, code, message }: ManifestPolicy): Rule {
  return { id, kind, place, explicit, generated: true, reasons: [{ code, message, policy: id, place }] };
}

/**
 * The rule of a policy that a person wrote in Cedar. Its forbids are controls that `observe` does not loosen.
 * Throws a `Fault` `E_POLICY_INVALID` for a permit marked `@ask`: it reads as a question and would be a permit.
 */
export function ruleOfFile({ id, effect, place, annotations }: ParsedPolicy): Rule {
  const why = Object.hasOwn(annotations, 'ask') ? (annotations['ask'] ?? '') : undefined;
  if (effect === 'permit') {
    if (why !== undefined) {
      const message = `${printPlace(place)}: \`@ask\` marks a forbid that a person can lift; policy \`${id}\` is a permit`;
      throw new Fault('E_POLICY_INVALID', message);
    }
    return rule('permit', 'PERMITTED', `policy \`${id}\` permits it`);
  }
  if (why === undefined) return rule('forbid', 'E_DENIED', `policy \`${id}\` forbids it`);
  return rule('ask', 'E_APPROVAL_PENDING', why === '' ? `policy \`${id}\` asks for a person` : why);

  function rule(kind: PolicyKind, code: Reason['code'], message: string): Rule {
    const explicit = kind !== 'permit';
    return { id, kind, place, explicit, generated: false, reasons: [{ code, message, policy: id, place }] };
  }
}
