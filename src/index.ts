export { openMemoryStore } from './adapters/stores/memory/open-memory-store.ts';
export { CallRefused } from './app/call-refused.ts';
export type { Chaperone, HowAnswered, StartRun } from './app/chaperone.ts';
export type { AskedCall, CallOptions, ChaperoneRun, PlannedCall } from './app/chaperone-run.ts';
export { type ChaperoneOptions, createChaperone } from './app/create-chaperone.ts';
export type { GuardedTool } from './app/guarded-tool.ts';
export type { Effect } from './app/isolation/record-effect.ts';
export type { Stopped } from './app/isolation/stop.ts';
export type { ResumeBy, StandingStop, StopBy } from './app/isolation/stop-for-host.ts';
export type { CallReceipt } from './app/ledger/read-receipt.ts';
export type { Notice } from './app/notice.ts';
export type { ErrorCode } from './base/errors.ts';
export { Fault } from './base/fault.ts';
export {
  createWebhookVerifier,
  type VerifiedWebhook,
  type WebhookRequest,
  type WebhookVerifierOptions,
} from './base/webhook-signature.ts';
export type { StopTarget } from './contract/isolation.ts';
export type { Approval, ApprovalAnswer, Presence } from './model/approval.ts';
export type { Reason } from './model/decision.ts';
export type { Isolation } from './model/isolation.ts';
export type { PromptPart } from './model/prompt.ts';
export type { ToolResult } from './model/result.ts';
export type { ApprovalCard } from './runtime/approving/approval-card.ts';
export type { PlanAnswer } from './runtime/approving/ask-plan.ts';
export type { HistoryChange } from './runtime/history-book.ts';
export type { HistoryAnswer, IngestAnswer } from './runtime/ingest.ts';
export type { CallAnswer } from './runtime/line/call-answer.ts';
export type { ReleaseAnswer } from './runtime/release.ts';
export type { BudgetUse } from './runtime/report-usage.ts';
export type { ShownFinding, ShownFindings } from './runtime/show-findings.ts';
