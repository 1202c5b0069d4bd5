import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import type { JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import { reachGateway, runHijackedAgent, type StepOutcome } from './hijacked-agent.ts';
import type { Demo } from './lay-out-demo.ts';
import type { ReadRecord } from './read-record.ts';
import { readLetters } from './run-unprotected.ts';

/** What one call came to, for people. */
export interface DemoOutcome {
  readonly kind: 'permitted' | 'blocked' | 'waiting' | 'redacted';
  readonly tool: string;
  readonly callId: string;
  readonly summary: string;
  /** The rule: where it stands, and the line as it is written there. */
  readonly rule?: { readonly file: string; readonly line: number; readonly text: string };
  readonly approvalId?: string;
}

export interface DemoRun {
  readonly configPath: string;
  readonly outcomes: readonly DemoOutcome[];
  readonly lettersSent: number;
}

/** The same agent, through the gateway, and what is recorded of each of its calls. */
export async function runProtected(demo: Demo, client: Client, readRecord: ReadRecord): Promise<DemoRun> {
  const before = (await readLetters(demo.outboxPath)).length;
  const steps = await runHijackedAgent(reachGateway(client), demo.task);
  const outcomes: DemoOutcome[] = [];
  const lines = (await readFile(demo.configPath, 'utf8')).split('\n');
  for (const step of steps) outcomes.push(await describe(step, readRecord, lines));
  return {
    configPath: demo.configPath,
    outcomes,
    lettersSent: (await readLetters(demo.outboxPath)).length - before,
  };
}

async function describe(step: StepOutcome, readRecord: ReadRecord, lines: readonly string[]): Promise<DemoOutcome> {
  const { callId, approvalId, reasons, redactions } = await readRecord(step.tool);
  const common = { tool: step.tool, callId };
  const [reason] = reasons;
  const rule = ruleOf(reason, lines);
  if (approvalId !== undefined && step.isError) {
    const asked = reasons.find((one) => one['place'] !== undefined);
    return {
      ...common,
      kind: 'waiting',
      summary: 'a person has to agree; it has not run',
      approvalId,
      ...ruleOf(asked, lines),
    };
  }
  if (step.isError)
    return {
      ...common,
      kind: 'blocked',
      summary: `${String(reason?.['code'])} ${String(reason?.['message'])}`,
      ...rule,
    };
  if (redactions > 0)
    return { ...common, kind: 'redacted', summary: `${redactions} values were taken out of the result`, ...rule };
  return { ...common, kind: 'permitted', summary: String(reason?.['message'] ?? ''), ...rule };
}

function ruleOf(reason: JsonObject | undefined, lines: readonly string[]): Pick<DemoOutcome, 'rule'> {
  const place = reason?.['place'];
  if (!isJsonObject(place) || typeof place['line'] !== 'number' || typeof place['file'] !== 'string') return {};
  const { file, line } = place;
  return { rule: { file: basename(file), line, text: lines[line - 1]?.trim() ?? '' } };
}
