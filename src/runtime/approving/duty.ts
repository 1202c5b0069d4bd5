import type { ApprovalAnswer, Presence } from '../../model/approval.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { ToolName } from '../../model/tool.ts';

/** Who may answer a question, and how. */
export interface Duty {
  readonly timeoutMs: number;
  /** Persons, and groups as `group/name`; anybody where empty. */
  readonly approvers: readonly string[];
  /** How many different persons have to approve. */
  readonly persons: number;
  /** Whether nobody approves what they themselves, or an agent of theirs, asked for. */
  readonly separated: boolean;
  readonly presence: readonly Presence[];
  /** The channels by which approvers are told. */
  readonly channels: readonly string[];
}

/** Approving takes somebody who is there: a token or an old session may be in anybody's hands. */
const PRESENT: readonly Presence[] = ['terminal', 'passkey'];

/** How somebody has to be there where no tool says otherwise. */
export const presenceOf = ({ approvals }: Pick<Manifest, 'approvals'>): readonly Presence[] =>
  approvals.presence ?? PRESENT;

/** The duty that the manifest lays down for a tool: what it says of the tool itself, else what it says of all. */
export function dutyOf(manifest: Manifest, tool: ToolName): Duty {
  const { approvals, tools, channels } = manifest;
  const own = Object.hasOwn(tools, tool) ? tools[tool]?.approvals : undefined;
  return {
    timeoutMs: own?.timeout ?? approvals.timeout,
    approvers: own?.approvers ?? approvals.approvers,
    persons: own?.persons ?? approvals.persons,
    separated: (own?.separation ?? approvals.separation) === 'required',
    presence: own?.presence ?? presenceOf(manifest),
    channels: own?.channels ?? approvals.channels ?? Object.keys(channels),
  };
}

/** One human under one name, with what they answer for. */
export interface KnownPerson {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Who is meant by a name: the person who has it, or has it as an alias. Anybody else is known by the name alone. */
export function findPerson(manifest: Pick<Manifest, 'approvals'>, name: string): KnownPerson {
  const { people } = manifest.approvals;
  for (const [person, { groups, aliases }] of Object.entries(people))
    if (person === name || aliases.includes(name)) return { name: person, groups };
  return { name, groups: [] };
}

/** Every name under which the person is known who has this one. */
export function namesOf(manifest: Pick<Manifest, 'approvals'>, name: string): readonly string[] {
  const person = findPerson(manifest, name).name;
  const { people } = manifest.approvals;
  return [person, ...(Object.hasOwn(people, person) ? (people[person]?.aliases ?? []) : [])];
}

/** Whether the question came from this person: an agent of theirs asks, or one that acts for them. */
export function isAsker(
  manifest: Manifest,
  person: string,
  { agent, user }: { readonly agent: string; readonly user: string | undefined },
): boolean {
  const { people } = manifest.approvals;
  const own = Object.hasOwn(people, person) ? people[person]?.agents : undefined;
  return own?.includes(agent) === true || (user !== undefined && findPerson(manifest, user).name === person);
}

/** Whether somebody of this name and these groups is among the approvers. */
export function isApprover(duty: Pick<Duty, 'approvers'>, person: KnownPerson): boolean {
  const { approvers } = duty;
  return approvers.length === 0 || [person.name, ...person.groups.map(inGroup)].some((one) => approvers.includes(one));
}

const inGroup = (group: string): string => (group.startsWith('group/') ? group : `group/${group}`);

/**
 * Whether answers that were good when they were given are enough for the duty of now. Groups are those that were known
 * then.
 */
export function isEnough(
  manifest: Manifest,
  duty: Duty,
  answers: readonly ApprovalAnswer[],
  asked: { readonly agent: string; readonly user: string | undefined },
): boolean {
  const good = answers.filter(({ approve, by, onDutyOf, alike = [], groups, presence }) => {
    const behind = [by, ...alike, ...(onDutyOf === undefined ? [] : [onDutyOf])];
    const isOwn = duty.separated && behind.some((person) => isAsker(manifest, person, asked));
    return approve && !isOwn && duty.presence.includes(presence) && isApprover(duty, { name: onDutyOf ?? by, groups });
  });
  return good.length >= duty.persons;
}
