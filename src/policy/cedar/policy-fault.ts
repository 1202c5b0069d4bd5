import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { Fault } from '../../base/fault.ts';
import { type Place, printPlace } from '../../model/place.ts';
import { locateOffset, offsetOfByte } from './locate-offset.ts';

/** Problems listed in one fault. The first is usually the cause of the rest. */
const PROBLEMS_SHOWN = 10;

/** The fault of policies that do not parse or do not fit the tools: one problem a line. */
export function policyFault(problems: readonly string[]): Fault {
  const rest = problems.length - PROBLEMS_SHOWN;
  const shown = problems.slice(0, PROBLEMS_SHOWN);
  if (rest > 0) shown.push(`and ${rest} more`);
  return new Fault('E_POLICY_INVALID', shown.join('\n'));
}

/** What is known of a policy an error is about. `generated`: everything in its text is at `place`. */
interface Subject {
  readonly place: Place;
  readonly text: string;
  readonly generated: boolean;
}

/** An error of Cedar's about a policy, as `file:line:column: message (advice)`. */
export function describeError(policy: Subject, error: DetailedError): string {
  const source = error.sourceLocations?.[0];
  const place =
    source && !policy.generated
      ? locateOffset(policy.place, policy.text, offsetOfByte(policy.text, source.start))
      : policy.place;
  const message = error.message
    .replace(/^failed to parse polic(y|ies) from string: /, '')
    .replace(/^for policy `.*?`, /s, '');
  const advice = [source?.label, error.help].filter((text) => text);
  return `${printPlace(place)}: ${message}${advice.length > 0 ? ` (${advice.join('; ')})` : ''}`;
}
