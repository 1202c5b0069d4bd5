import { isJsonObject, type JsonValue } from '../base/json.ts';
import type { PlanStep } from '../flow/declared-plan.ts';
import type { Run } from '../model/run.ts';
import type { ToolName } from '../model/tool.ts';
import type { Store } from '../ports/store.ts';

/** What a run was committed to before its flow was opened here. */
export interface RunPlans {
  /** The plan it declared. */
  readonly steps?: readonly PlanStep[];
  /** Tools whose calls ran, or may have, since then, in the order in which they began. */
  readonly ran: readonly ToolName[];
  /** What its planner answered. */
  readonly planned?: ReadonlySet<ToolName>;
}

const PAGE = 1_000;

/** Reads a run's own record. Rejects with the store's fault: a plan that cannot be read is not one that is absent. */
export async function readRunPlans(store: Pick<Store, 'readEvents'>, run: Run): Promise<RunPlans> {
  const { tenant } = run.principal;
  let steps: readonly PlanStep[] | undefined;
  let planned: ReadonlySet<ToolName> | undefined;
  const ran = new Map<string, ToolName>();
  for (let afterSeq = 0; ; ) {
    const page = await store.readEvents({ tenant, runId: run.id, afterSeq, limit: PAGE });
    for (const { kind, body, tool, seq, callId = '' } of page) {
      afterSeq = seq;
      if (kind === 'plan.declared') steps ??= readSteps(body['steps']);
      else if (kind === 'run.planned' && body['ok'] === true) planned ??= new Set(readNames(body['tools']));
      else if (steps === undefined) continue;
      else if (kind === 'call.completed' && body['ran'] === 'no') ran.delete(callId);
      else if ((kind === 'call.intended' || kind === 'call.completed') && isName(tool)) ran.set(callId, tool);
    }
    if (page.length === 0) break;
  }
  return {
    ran: [...ran.values()],
    ...(steps === undefined ? {} : { steps }),
    ...(planned === undefined ? {} : { planned }),
  };
}

/** Steps as they were recorded; what cannot be read of one is a step that no call fits. */
function readSteps(value: JsonValue | undefined): readonly PlanStep[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).flatMap(({ tool, arguments: args, times }) => {
    if (!isName(tool)) return [];
    return [
      {
        tool,
        ...(isJsonObject(args) ? { arguments: args } : {}),
        ...(typeof times === 'number' ? { times } : {}),
      },
    ];
  });
}

const readNames = (value: JsonValue | undefined): ToolName[] => (Array.isArray(value) ? value.filter(isName) : []);

const isName = (value: unknown): value is ToolName => typeof value === 'string' && value.includes('/');
