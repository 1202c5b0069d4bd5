import type { JsonObject } from '../../../base/json.ts';
import { type ExportedEvent, exportEvent } from '../../../contract/exported-event.ts';
import type { StoredEvent } from '../../../model/event.ts';

/** The edition of the Open Cybersecurity Schema Framework that is written. */
export const OCSF_VERSION = '1.8.0';

const API_ACTIVITY = {
  category_uid: 6,
  category_name: 'Application Activity',
  class_uid: 6003,
  class_name: 'API Activity',
};
const DETECTION = { category_uid: 2, category_name: 'Findings', class_uid: 2004, class_name: 'Detection Finding' };
const INCIDENT = { category_uid: 2, category_name: 'Findings', class_uid: 2005, class_name: 'Incident Finding' };

const OTHER_ACTIVITY = 99;
const [CREATE, READ, CLOSE] = [1, 2, 3];
const ACTIVITY_NAMES: Readonly<Record<number, string>> = { [CREATE]: 'Create', [READ]: 'Read', [CLOSE]: 'Close' };

/** Of the profile `security_control`: what was done about it. */
const ALLOWED = { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' };
const BLOCKED = { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' };
const APPROVED = { action_id: 1, action: 'Allowed', disposition_id: 8, disposition: 'Approved' };
const DELAYED = { action_id: 99, action: 'Delayed', disposition_id: 14, disposition: 'Delayed' };
const ALERTED = { action_id: 1, action: 'Allowed', disposition_id: 19, disposition: 'Alert' };
const REVOKED = { action_id: 2, action: 'Denied', disposition_id: 24, disposition: 'Access Revoked' };
const UNAUTHORIZED = { action_id: 2, action: 'Denied', disposition_id: 26, disposition: 'Unauthorized' };
const FAILED = { action_id: 1, action: 'Allowed', disposition_id: 27, disposition: 'Error' };

const INFORMATIONAL = { severity_id: 1, severity: 'Informational' };
const LOW = { severity_id: 2, severity: 'Low' };
const MEDIUM = { severity_id: 3, severity: 'Medium' };
const HIGH = { severity_id: 4, severity: 'High' };

const SUCCESS = { status_id: 1, status: 'Success' };
const FAILURE = { status_id: 2, status: 'Failure' };

/** Kinds that a SOC is to look at whatever else they say. */
const FINDING_KINDS: ReadonlySet<string> = new Set([
  'history.altered',
  'tool.drifted',
  'answer.withheld',
  'escape.attempted',
]);
const AUTHORIZATION_CODES = /^E_(AUTH|TOKEN|ROLE)/;

/** One event as OCSF: a denied call and whatever is odd as a finding, the rest as activity of an API. */
export function toOcsf(event: StoredEvent): JsonObject {
  const exported = exportEvent(event);
  const { kind, facts } = exported;
  if (kind === 'isolation.changed' || kind.startsWith('incident.')) return toIncident(exported);
  const isWaiting = facts['code'] === 'E_APPROVAL_PENDING';
  if (FINDING_KINDS.has(kind) || (kind === 'call.refused' && !isWaiting)) return toFinding(exported);
  return toActivity(exported);
}

function toActivity(exported: ExportedEvent): JsonObject {
  const { kind, facts, agent, run, call, tool } = exported;
  const activity = facts['effect'] === 'read' ? READ : OTHER_ACTIVITY;
  const failed = facts['ok'] === false;
  return {
    ...common(exported, API_ACTIVITY, activity, failed ? LOW : INFORMATIONAL),
    ...(failed ? FAILURE : SUCCESS),
    ...dispositionOf(exported),
    actor: actorOf(exported),
    api: {
      operation: kind.startsWith('call.') ? (tool ?? kind) : kind,
      ...(tool === undefined ? {} : { service: { name: tool.slice(0, tool.indexOf('/')) } }),
      ...(call === undefined ? {} : { request: { uid: call } }),
    },
    src_endpoint: { name: agent ?? 'chaperone', ...(run === undefined ? {} : { uid: run }) },
    ...(activity === OTHER_ACTIVITY ? { activity_name: kind } : {}),
  };
}

function toFinding(exported: ExportedEvent): JsonObject {
  const { kind, facts, reasons, id, time, tool } = exported;
  const code = typeof facts['code'] === 'string' ? facts['code'] : kind;
  return {
    ...common(exported, DETECTION, CREATE, severityOf(exported)),
    ...dispositionOf(exported),
    is_alert: true,
    finding_info: {
      uid: id,
      title: `${kind}: ${code}`,
      desc: reasons.map((reason) => [reason.code, reason.policy, reason.place].filter(Boolean).join(' ')).join('; '),
      created_time: Date.parse(time),
      types: [...new Set(exported.findings.map(({ kind: found }) => found))],
    },
    evidences: [{ actor: actorOf(exported), ...(tool === undefined ? {} : { api: { operation: tool } }) }],
    ...(tool === undefined ? {} : { resources: [{ name: tool, type: 'tool' }] }),
  };
}

function toIncident(exported: ExportedEvent): JsonObject {
  const { kind, facts, id, time } = exported;
  const isOpen = kind === 'isolation.changed' ? facts['isolated'] === true : !kind.endsWith('closed');
  const title = typeof facts['scope'] === 'string' ? `${kind}: ${facts['scope']}` : kind;
  return {
    ...common(exported, INCIDENT, isOpen ? CREATE : CLOSE, isOpen ? HIGH : INFORMATIONAL),
    ...(isOpen ? REVOKED : APPROVED),
    // Of an incident: 1 is new, 5 is closed.
    ...(isOpen ? { status_id: 1, status: 'New' } : { status_id: 5, status: 'Closed' }),
    ...(typeof facts['by'] === 'string'
      ? { assignee: { uid: facts['by'] } }
      : { assignee_group: { name: 'operators' } }),
    finding_info_list: [{ uid: id, title, created_time: Date.parse(time) }],
  };
}

function common(
  { id, seq, time, tenant, run, digest, facts, reasons, findings, kind }: ExportedEvent,
  family: typeof API_ACTIVITY,
  activity: number,
  severity: JsonObject,
): JsonObject {
  return {
    ...family,
    activity_id: activity,
    activity_name: ACTIVITY_NAMES[activity] ?? 'Other',
    type_uid: family.class_uid * 100 + activity,
    time: Date.parse(time),
    ...severity,
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Chaperone', vendor_name: 'Chaperone' },
      profiles: ['security_control'],
      uid: id,
      sequence: seq,
      tenant_uid: tenant,
      log_name: kind,
      ...(run === undefined ? {} : { correlation_uid: run }),
    },
    unmapped: {
      kind,
      digest,
      facts,
      reasons: reasons.map((reason) => ({ ...reason })),
      findings: findings.map((finding) => ({ ...finding })),
    },
  };
}

function actorOf({ user, agent, facts }: ExportedEvent): JsonObject {
  const person = typeof facts['by'] === 'string' ? facts['by'] : user;
  return {
    app_name: agent ?? 'chaperone',
    ...(person === undefined ? {} : { user: { uid: person } }),
  };
}

function dispositionOf({ kind, facts }: ExportedEvent): JsonObject {
  const code = String(facts['code'] ?? '');
  switch (kind) {
    case 'call.refused':
      if (code === 'E_APPROVAL_PENDING') return DELAYED;
      return AUTHORIZATION_CODES.test(code) ? UNAUTHORIZED : BLOCKED;
    case 'call.asked':
      return DELAYED;
    case 'call.completed':
      return facts['ok'] === false ? FAILED : ALLOWED;
    case 'approval.answered':
      return facts['approve'] === true ? APPROVED : BLOCKED;
    case 'answer.withheld':
      return BLOCKED;
    default:
      return FINDING_KINDS.has(kind) ? ALERTED : ALLOWED;
  }
}

function severityOf({ kind, findings, facts }: ExportedEvent): JsonObject {
  if (kind === 'escape.attempted') return HIGH;
  if (findings.some(({ severity }) => severity === 'high')) return HIGH;
  if (facts['consequence'] === 'high' || kind !== 'call.refused') return MEDIUM;
  return LOW;
}
