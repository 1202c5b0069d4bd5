import { Fault } from '../base/fault.ts';
import { isJsonObject } from '../base/json.ts';
import type { HttpRuntime } from '../doors/http/runtime.ts';
import type { Decision } from '../model/decision.ts';
import type { StoredEvent } from '../model/event.ts';
import { answerApproval } from '../runtime/approving/answer-approval.ts';
import { askPlan } from '../runtime/approving/ask-plan.ts';
import { delegateDuty } from '../runtime/approving/delegate-duty.ts';
import { readCard } from '../runtime/approving/read-card.ts';
import { readCallRecord } from '../runtime/explain.ts';
import { ingest, ingestHistory } from '../runtime/ingest.ts';
import { KeyedCalls } from '../runtime/keyed-calls.ts';
import { resumeRun } from '../runtime/pause-run.ts';
import { ReadBook } from '../runtime/read-book.ts';
import { reportModelStep } from '../runtime/report-model-step.ts';
import { readUsage, reportUsage } from '../runtime/report-usage.ts';
import { scanContent } from '../runtime/scan-content.ts';
import { startChild } from '../runtime/start-child.ts';
import type { Gateway } from './gateway.ts';
import { stopRuntime } from './isolation/stop-runtime.ts';
import { readReceipt } from './ledger/read-receipt.ts';

/** The gateway as the HTTP door wants it. */
export function createHttpRuntime(gateway: Gateway): HttpRuntime {
  const { world } = gateway;
  const { store, runs } = world;
  const reads = new ReadBook(store, world.clock);
  const keyed = new KeyedCalls(world, (request) => gateway.call(request));
  return {
    async startRun({ tenant, agent, user, task, prompt, lifetimeMs, parent }) {
      const life = lifetimeMs === undefined ? {} : { lifeMs: lifetimeMs };
      if (parent !== undefined) return startChild(world, { tenant, parentId: parent, agent, task, ...life });
      return runs.start({
        principal: { tenant, agent, ...(user === undefined ? {} : { onBehalfOf: user }) },
        task,
        prompt,
        attested: true,
        ...life,
      });
    },
    readRun: (tenant, runId) => store.readRun(tenant, runId),
    endRun: (tenant, runId) => runs.end(tenant, runId),
    resumeRun: (resume) => resumeRun(world, resume),
    reportUsage: (report) => reportUsage(world, report),
    readUsage: (tenant, runId) => readUsage(world, gateway.loaded.manifest, tenant, runId),
    async listTools({ agent }) {
      return gateway.catalog.list(agent).map((entry) => entry.governed);
    },
    async call({ tenant, agent, runId }, { tool, arguments: args, key, ...asked }, signal) {
      const principal = { tenant, agent };
      const run = runId ?? (await runs.ambient(principal)).id;
      const request = { principal, runId: run, tool, arguments: args, ...asked };
      return key === undefined ? gateway.call({ ...request, signal }) : keyed.call(request, key);
    },
    async readReceipt(tenant, callId, caller = {}) {
      try {
        return await readReceipt(store, gateway.ledgerFolder, { tenant, callId, ...caller });
      } catch (error) {
        if (error instanceof Fault && error.code === 'E_NOT_FOUND') return undefined;
        throw error;
      }
    },
    ingest({ tenant, agent, runId, attested, what }) {
      const run = { principal: { tenant, agent }, runId, attested };
      return 'messages' in what ? ingestHistory(world, { ...run, ...what }) : ingest(world, { ...run, ...what });
    },
    reportStep: ({ tenant, agent, ...reported }) =>
      reportModelStep(world, gateway.templates, { principal: { tenant, agent }, ...reported }),
    registerTemplate: (tenant, template) => gateway.templates.register(tenant, template),
    scan: ({ text, source }) => scanContent(world.scanner, gateway.loaded.manifest, text, source),
    listApprovals: (tenant, limit) => store.listApprovals(tenant, 'pending', limit),
    readApproval: (tenant, approvalId) => store.readApproval(tenant, approvalId),
    answerApproval: (answer) => answerApproval(world, answer),
    askPlan: (plan) => askPlan(world, plan),
    delegateDuty: (wanted) => delegateDuty(world, wanted),
    readCard: (approval) => readCard(store, gateway.loaded.manifest, approval),
    async explain(tenant, callId) {
      try {
        const { events } = await readCallRecord(store, tenant, callId);
        const decision = findDecision(events);
        return { callId, events, ...(decision === undefined ? {} : { decision }) };
      } catch (error) {
        if (error instanceof Fault && error.code === 'E_NOT_FOUND') return undefined;
        throw error;
      }
    },
    readEvents: (tenant, afterSeq, limit) => store.readEvents({ tenant, afterSeq, limit }),
    printMetrics: (tenant) => gateway.telemetry.printMetrics(tenant),
    recordRead: (read) => reads.record(read),
    ...stopRuntime(gateway),
    async isReady() {
      await store.listIsolations();
      return true;
    },
  };
}

/** The decision as it was recorded, if policy was asked. */
function findDecision(events: readonly StoredEvent[]): Decision | undefined {
  for (const { body } of events) {
    const { verdict, reasons, bundle } = body;
    if (typeof verdict !== 'string' || !Array.isArray(reasons) || typeof bundle !== 'string') continue;
    if (!reasons.every(isJsonObject)) continue;
    // What `recordDecided` wrote from a decision, read back.
    return { verdict, reasons, obligations: [], bundle } as unknown as Decision;
  }
  return undefined;
}
