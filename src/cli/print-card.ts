import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Approval } from '../model/approval.ts';
import { printPlace } from '../model/place.ts';
import type { ApprovalCard, CardChange } from '../runtime/approving/approval-card.ts';

const MOST_CHANGES = 200;

/**
 * What an approver sees, in a fixed order: what would be done to what, with which arguments exactly and how they differ
 * from the last time, why it was asked and by which rule, where the values come from, how far it reaches, until when. What
 * the agent says comes last, as a quotation.
 */
export function printCard(approval: Approval, card: ApprovalCard): readonly string[] {
  const { radius, read, needs } = card;
  return [
    card.action,
    ...card.targets.map(({ path, carries, value }) => `  ${carries} ${path}: ${JSON.stringify(value)}`),
    'with exactly',
    ...printJson(card.arguments),
    ...(card.input === undefined ? [] : ['and answers its questions with', ...printJson(card.input)]),
    ...printChanges(card),
    ...card.doubts.map(({ path, message }) => `look twice: ${path} ${message}`),
    ...card.why.map(
      ({ message, place }) => `because ${message}${place === undefined ? '' : ` (${printPlace(place)})`}`,
    ),
    ...card.untrusted.map(({ path, origins }) => `not chosen by anybody trusted: ${path}, from ${sayOrigins(origins)}`),
    `the run has read: ${sayOrigins(read.origins)} (${read.integrity}, ${read.secrecy})`,
    `it is a ${radius.effect} of ${radius.consequence} consequence${radius.declared ? '' : ', as nobody declared it'}${radius.outward ? ', and reaches outside' : ''}; to undo it: ${radius.undo}`,
    `${approval.state}; expires ${new Date(card.expiresAtMs).toISOString()}`,
    ...card.answers.map(
      ({ by, onDutyOf, approve, presence, atMs }) =>
        `${approve ? 'approved' : 'denied'} by ${by}${onDutyOf === undefined ? '' : ` for ${onDutyOf}`}, ${presence}, ${new Date(atMs).toISOString()}`,
    ),
    `it takes ${sayNeeds(needs)}`,
    ...printPlan(card),
    ...(card.quotation === undefined ? [] : [`the agent says: “${card.quotation}”`]),
    `deny: chaperone approvals deny ${approval.id}    approve: chaperone approvals approve ${approval.id}${needs.confirm === undefined ? '' : ` --confirm ${needs.confirm}`}`,
  ];
}

function printChanges({ changes, comparedWith }: ApprovalCard): readonly string[] {
  if (comparedWith === undefined) return ['nothing of this kind was approved before'];
  const different = changes.filter(({ kind }) => kind !== 'same');
  if (different.length === 0) return [`the same as the last time: ${comparedWith}`];
  const more = different.length - MOST_CHANGES;
  return [
    `compared with the last time, ${comparedWith}`,
    ...different.slice(0, MOST_CHANGES).flatMap(printChange),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function printChange({ path, before, now }: CardChange): readonly string[] {
  const line = (sign: string, value: JsonValue | undefined) =>
    value === undefined ? [] : [`  ${sign} ${path}: ${JSON.stringify(value)}`];
  return [...line('-', before), ...line('+', now)];
}

function printPlan({ plan }: ApprovalCard): readonly string[] {
  if (plan === undefined) return [];
  return [
    `one answer for all of plan ${plan.id}`,
    ...plan.calls.map(({ tool, arguments: args }, i) => `  ${i + 1}. ${tool} ${JSON.stringify(args)}`),
  ];
}

function sayNeeds({ persons, approvers, presence, separated }: ApprovalCard['needs']): string {
  const who = approvers.length === 0 ? '' : ` of ${approvers.join(', ')}`;
  const apart = separated ? ', none of them who asked' : '';
  return `${persons === 1 ? 'one person' : `${persons} persons`}${who}${apart}, by ${presence.join(' or ')}`;
}

function sayOrigins(origins: readonly string[]): string {
  return origins.length === 0 ? 'nothing' : origins.join(', ');
}

function printJson(value: JsonObject): readonly string[] {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => `  ${line}`);
}
