import { newId } from '../../base/clock.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { Approval, ApprovalAnswer, Presence } from '../../model/approval.ts';
import type { Delegation } from '../../model/duty.ts';
import type { NewEvent } from '../../model/event.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { Change } from '../../ports/store.ts';
import { namesOfOnePerson } from '../people/one-person.ts';
import { fitText } from '../record-parts.ts';
import type { World } from '../world.ts';
import { dutyOf, findPerson, isApprover, isAsker, type KnownPerson } from './duty.ts';
import { expireOne } from './expire-approvals.ts';
import { allowAttempt, countRefused } from './refused-answers.ts';
import { steadyNowMs } from './steady-time.ts';

/** What an answer needs of the world: the rules in force, the store and the time. */
export type AnswerWorld = Pick<World, 'store' | 'clock'> & { catalog(): { readonly manifest: Manifest } };

export interface GivenAnswer {
  readonly tenant: string;
  readonly approvalId: string;
  readonly approve: boolean;
  /** The person, as whoever authenticated them calls them. */
  readonly by: string;
  /** How they showed that they are there. */
  readonly presence: Presence;
  /** Groups that whoever authenticated them vouches for, besides those of the manifest. */
  readonly groups?: readonly string[];
  /** The tool's name, repeated by the person: what can do much harm is not approved by one key. */
  readonly confirm?: string;
}

/**
 * A person's answer, judged by the rules of now and recorded: with a plan, for all of its calls. The first answer
 * stands. Throws a `Fault` with the code that says why it cannot be taken; that is recorded too.
 */
export async function answerApproval(world: AnswerWorld, given: GivenAnswer): Promise<Approval> {
  const { tenant, approvalId } = given;
  const atMs = steadyNowMs(world.clock);
  const { manifest } = world.catalog();
  const person = findPerson(manifest, given.by);
  if (!allowAttempt(world.store, tenant, person.name, world.clock.monotonicMs()))
    throw new Fault('E_APPROVAL_FLOOD', `too many answers of \`${person.name}\` were refused within a minute`);
  const approval = await world.store.readApproval(tenant, approvalId);
  if (approval === undefined) throw new Fault('E_NOT_FOUND', `there is no approval \`${approvalId}\``);
  const delegations = await world.store.listDelegations(tenant, atMs);
  const known = { name: person.name, groups: [...new Set([...person.groups, ...(given.groups ?? [])])] };
  try {
    return await recordAnswer(world, given, approval, known, delegations, atMs);
  } catch (error) {
    if (error instanceof Fault) await recordRefused(world, approval, given, person.name, error.code, atMs);
    throw error;
  }
}

async function recordAnswer(
  world: AnswerWorld,
  given: GivenAnswer,
  approval: Approval,
  person: KnownPerson,
  delegations: readonly Delegation[],
  atMs: number,
): Promise<Approval> {
  const { manifest } = world.catalog();
  const { tenant, approve, presence } = given;
  const members = await readMembers(world, approval);
  const changes: Change[] = [];
  for (const member of members) {
    const consequence = member.facts?.consequence ?? 'high';
    const duty = dutyOf(manifest, member.tool);
    const asked = { agent: member.agent, user: member.facts?.user };
    const principal = [
      person,
      ...delegations
        .filter(({ to }) => findPerson(manifest, to).name === person.name)
        .map(({ from }) => findPerson(manifest, from)),
    ].find((one) => isApprover(duty, one));
    if (principal === undefined)
      throw new Fault('E_APPROVER', `\`${person.name}\` may not answer for ${member.tool}: ${printApprovers(duty)}`);
    const names = await namesBehind(world, person.name, principal.name);
    if (approve) {
      const own = names.find((name) => isAsker(manifest, name, asked));
      if (duty.separated && own !== undefined)
        throw new Fault(
          'E_APPROVAL_OWN',
          `\`${own}\`, or an agent of theirs, asked for this${sayWhy(person.name, own)}`,
        );
      if (!duty.presence.includes(presence))
        throw new Fault('E_APPROVAL_PRESENCE', `${presence} is not enough here: ${duty.presence.join(' or ')}`);
      if (consequence === 'high' && !isConfirmed(given, member))
        throw new Fault('E_APPROVAL_CONFIRM', `name \`${confirmationOf(member)}\` to approve this`);
    }
    const answer: ApprovalAnswer = {
      by: person.name,
      ...(principal.name === person.name ? {} : { onDutyOf: principal.name }),
      ...alikeOf(names, person.name, principal.name),
      groups: principal.groups,
      presence,
      approve,
      atMs,
    };
    changes.push(
      { kind: 'approval.answer', tenant, approvalId: member.id, answer, persons: duty.persons },
      { kind: 'event.append', event: answeredEvent(world, member, answer, duty.persons) },
    );
  }
  const result = await world.store.commit(changes);
  if (!result.ok) throw new Fault(result.code, result.message);
  const answered = await world.store.readApproval(tenant, approval.id);
  if (answered === undefined) throw new Fault('E_STORE_CORRUPT', `approval ${approval.id} is gone`);
  return answered;
}

/** Everybody who may be the human who answers, or the one whose duty it is. */
async function namesBehind(world: AnswerWorld, person: string, principal: string): Promise<readonly string[]> {
  const who = { store: world.store, clock: world.clock, manifest: world.catalog().manifest };
  const names = await namesOfOnePerson(who, person);
  return principal === person ? names : [...new Set([...names, ...(await namesOfOnePerson(who, principal))])];
}

function alikeOf(names: readonly string[], ...known: readonly string[]): Pick<ApprovalAnswer, 'alike'> {
  const alike = names.filter((name) => !known.includes(name));
  return alike.length === 0 ? {} : { alike };
}

function sayWhy(person: string, own: string): string {
  return own === person
    ? ''
    : `, and \`${person}\` may be the same person: an alias, or an account they made or reset lately`;
}

/** What a person repeats to approve something that can do much harm: the tool, or that it is the whole plan. */
export function confirmationOf({ tool, plan }: Pick<Approval, 'tool' | 'plan'>): string {
  return plan === undefined ? tool : plan.id;
}

function isConfirmed({ confirm }: GivenAnswer, approval: Approval): boolean {
  return confirm === confirmationOf(approval);
}

async function readMembers(world: AnswerWorld, approval: Approval): Promise<readonly Approval[]> {
  const { tenant, plan } = approval;
  if (plan === undefined) return [approval];
  const members: Approval[] = [];
  for (const id of plan.members) {
    const member = id === approval.id ? approval : await world.store.readApproval(tenant, id);
    if (member === undefined) throw new Fault('E_STORE_CORRUPT', `approval ${id} of plan ${plan.id} is gone`);
    members.push(member);
  }
  return members;
}

function printApprovers({ approvers }: { readonly approvers: readonly string[] }): string {
  return approvers.length === 0 ? 'anybody may' : `it takes ${approvers.map((one) => `\`${one}\``).join(' or ')}`;
}

function answeredEvent(world: AnswerWorld, approval: Approval, answer: ApprovalAnswer, persons: number): NewEvent {
  const { id, tenant, runId, callId, agent, tool, callDigest, plan } = approval;
  return {
    id: newId(world.clock, 'evt'),
    kind: 'approval.answered',
    tenant,
    runId,
    callId,
    agent,
    tool,
    atMs: answer.atMs,
    body: {
      approvalId: id,
      approve: answer.approve,
      by: answer.by,
      ...(answer.onDutyOf === undefined ? {} : { onDutyOf: answer.onDutyOf }),
      ...(answer.alike === undefined ? {} : { alike: [...answer.alike] }),
      groups: [...answer.groups],
      presence: answer.presence,
      persons,
      callDigest,
      pin: approval.pin,
      ...(plan === undefined ? {} : { plan: { id: plan.id, digest: plan.digest, calls: plan.members.length } }),
    },
  };
}

/** That somebody tried and could not is worth knowing. If it cannot be written, the answer is refused all the same. */
async function recordRefused(
  world: AnswerWorld,
  approval: Approval,
  { approve, presence }: GivenAnswer,
  by: string,
  code: ErrorCode,
  atMs: number,
): Promise<void> {
  countRefused(world.store, approval.tenant, by, world.clock.monotonicMs());
  const { id, tenant, runId, callId, agent, tool } = approval;
  if (code === 'E_APPROVAL_EXPIRED')
    await expireOne(world, tenant, { approvalId: id, runId, agent, tool }, atMs).catch(() => {});
  const event: NewEvent = {
    id: newId(world.clock, 'evt'),
    kind: 'approval.refused',
    tenant,
    runId,
    callId,
    agent,
    tool,
    atMs,
    body: { approvalId: id, approve, by: fitText(by, limits.toolNameChars), presence, code },
  };
  await world.store.commit([{ kind: 'event.append', event }]).catch(() => {});
}
