import { isJsonObject } from '../../base/json.ts';
import type {
  ApprovalBody,
  CardBody,
  EventBody,
  ExplanationBody,
  ResultBody,
  RunBody,
  ScannedBody,
  ToolBody,
} from '../../contract/http.ts';
import type { Approval } from '../../model/approval.ts';
import type { Reason } from '../../model/decision.ts';
import type { StoredEvent } from '../../model/event.ts';
import { withoutExact } from '../../model/exact.ts';
import type { ToolResult } from '../../model/result.ts';
import type { Run } from '../../model/run.ts';
import type { GovernedTool } from '../../model/tool.ts';
import type { ApprovalCard } from '../../runtime/approving/approval-card.ts';
import type { Explanation, Scanned } from './runtime.ts';

/*
 * The nouns of the model as the wire shows them: member by member, so that a member added to the model stays inside
 * until somebody decides that it may leave.
 */

export function viewTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function viewRun(run: Run & { readonly endedAtMs?: number; readonly pausedFor?: string }): RunBody {
  const user = run.principal.onBehalfOf;
  return {
    id: run.id,
    agent: run.principal.agent,
    ...(user && { user: { id: user.id, groups: [...user.groups], attributes: { ...user.attributes } } }),
    task: run.task,
    attested: run.attested,
    label: {
      integrity: run.label.integrity,
      secrecy: run.label.secrecy,
      ...(run.label.flagged === true && { flagged: true }),
    },
    startedAt: viewTime(run.startedAtMs),
    expiresAt: viewTime(run.expiresAtMs),
    ...(run.endedAtMs !== undefined && { endedAt: viewTime(run.endedAtMs) }),
    ...(run.pausedFor !== undefined && { paused: true }),
  };
}

export function viewTool(governed: GovernedTool): ToolBody {
  const { tool } = governed;
  return {
    name: governed.name,
    ...(tool.title !== undefined && { title: tool.title }),
    description: tool.description,
    inputSchema: tool.inputSchema,
    ...(tool.outputSchema && { outputSchema: tool.outputSchema }),
    effect: governed.effect,
    consequence: governed.consequence,
  };
}

/** The member of a result's `_meta` that is ours; what else a server wrote there stays inside. */
const FINDINGS = 'chaperone/findings';

export function viewResult(result: ToolResult): ResultBody {
  const meta = result.extra?.['_meta'];
  const findings = isJsonObject(meta) ? meta[FINDINGS] : undefined;
  return {
    content: [...result.content],
    ...(result.structuredContent !== undefined && { structuredContent: result.structuredContent }),
    ...(result.isError !== undefined && { isError: result.isError }),
    ...(findings !== undefined && { _meta: { [FINDINGS]: findings } }),
  };
}

/** What scanning came to, as the runtime hands it over. */
export function viewScan(scan: Scanned): ScannedBody {
  return {
    risk: scan.risk,
    flagged: scan.flagged,
    source: scan.source,
    findings: scan.findings.map(({ detector, kind, path, severity, layers }) => ({
      detector,
      kind,
      ...(path !== undefined && { path }),
      severity,
      layers: [...layers],
    })),
  };
}

export function viewApproval(approval: Approval): ApprovalBody {
  return {
    id: approval.id,
    state: approval.state,
    agent: approval.agent,
    runId: approval.runId,
    callId: approval.callId,
    tool: approval.tool,
    arguments: approval.arguments,
    ...(approval.input !== undefined && { input: approval.input }),
    callDigest: approval.callDigest,
    ...(approval.plan && {
      plan: { id: approval.plan.id, digest: approval.plan.digest, members: [...approval.plan.members] },
    }),
    reasons: approval.reasons.map(viewReason),
    askedAt: viewTime(approval.askedAtMs),
    expiresAt: viewTime(approval.expiresAtMs),
    ...(approval.answers && {
      answers: approval.answers.map(({ by, onDutyOf, presence, approve, atMs }) => ({
        by,
        ...(onDutyOf !== undefined && { onDutyOf }),
        presence,
        approve,
        at: viewTime(atMs),
      })),
    }),
    ...(approval.answeredBy !== undefined && { answeredBy: approval.answeredBy }),
    ...(approval.answeredAtMs !== undefined && { answeredAt: viewTime(approval.answeredAtMs) }),
  };
}

export function viewCard(card: ApprovalCard): CardBody {
  return {
    action: card.action,
    targets: card.targets.map(({ path, carries, value }) => ({ path, carries, value })),
    arguments: card.arguments,
    ...(card.input !== undefined && { input: card.input }),
    changes: card.changes.map(({ path, kind, before, now }) => ({
      path,
      kind,
      ...(before !== undefined && { before }),
      ...(now !== undefined && { now }),
    })),
    ...(card.comparedWith !== undefined && { comparedWith: card.comparedWith }),
    doubts: card.doubts.map(({ path, message }) => ({ path, message })),
    why: card.why.map(viewReason),
    untrusted: card.untrusted.map(({ path, origins }) => ({ path, origins: [...origins] })),
    read: { ...card.read, origins: [...card.read.origins] },
    radius: { ...card.radius },
    expiresAt: viewTime(card.expiresAtMs),
    needs: { ...card.needs, approvers: [...card.needs.approvers], presence: [...card.needs.presence] },
    ...(card.plan && {
      plan: {
        id: card.plan.id,
        calls: card.plan.calls.map(({ tool, arguments: args }) => ({ tool, arguments: args })),
      },
    }),
    ...(card.quotation !== undefined && { quotation: card.quotation }),
  };
}

export function viewEvent(event: StoredEvent): EventBody {
  return {
    seq: event.seq,
    id: event.id,
    kind: event.kind,
    at: viewTime(event.atMs),
    ...(event.runId !== undefined && { runId: event.runId }),
    ...(event.callId !== undefined && { callId: event.callId }),
    ...(event.agent !== undefined && { agent: event.agent }),
    ...(event.tool !== undefined && { tool: event.tool }),
    body: withoutExact(event.body),
    ...(event.erased && { erased: true }),
    digest: event.digest,
  };
}

export function viewExplanation(explanation: Explanation): ExplanationBody {
  const { decision } = explanation;
  return {
    callId: explanation.callId,
    ...(decision && {
      decision: {
        verdict: decision.verdict,
        reasons: decision.reasons.map(viewReason),
        ...(decision.nearestChange !== undefined && { nearestChange: decision.nearestChange }),
        bundle: decision.bundle,
        ...(decision.observed !== undefined && { observed: decision.observed }),
      },
    }),
    events: explanation.events.map(viewEvent),
  };
}

function viewReason(reason: Reason): ApprovalBody['reasons'][number] {
  const { place } = reason;
  return {
    code: reason.code,
    message: reason.message,
    ...(reason.policy !== undefined && { policy: reason.policy }),
    ...(place && { place: { file: place.file, line: place.line, column: place.column } }),
    ...(reason.path !== undefined && { path: reason.path }),
  };
}
