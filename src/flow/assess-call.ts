import type { ErrorCode } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Reason } from '../model/decision.ts';
import type { FlowFacts } from '../model/flow-facts.ts';
import type { Label } from '../model/label.ts';
import type { GovernedTool } from '../model/tool.ts';
import type { Assessment } from './assessment.ts';
import { findLeak } from './find-leak.ts';
import { findOrder } from './find-order.ts';
import { type Authority, isKnownChange, mayLook, tellsEffect } from './grant-authority.ts';
import { judgeRead, judgeWrite, leavesOrganisation } from './judge-call.ts';
import { type Leaf, listLeaves, replaceLeaves } from './list-leaves.ts';
import type { Task } from './read-task.ts';
import { COMPOSED, type Finding, type RunView } from './run-view.ts';
import type { SecretValues } from './secret-values.ts';

/** What an assessment rests on. */
export interface AssessedRun {
  readonly view: RunView;
  /** Domains that are inside the organisation. */
  readonly domains: readonly string[];
  /** What the run has read. */
  readonly label: Label;
  readonly secrets: SecretValues;
  /** A person granted the very tool so that nobody is asked. */
  readonly unattended: boolean;
  /** The tool appeared or changed after the run began, and nobody declared it. */
  readonly isLate: boolean;
  /** Whether the planner, if there is one, counts the tool among what the prompt needs. */
  readonly isPlanned: boolean;
  /** Why the call is not the next one of the declared plan. */
  readonly deviation: string | undefined;
}

const RANK = { permit: 0, ask: 1, deny: 2 } as const;
type Worsen = (to: FlowFacts['verdict'], code: ErrorCode, message: string, path?: string) => void;

/** What flow says of one call. Every objection makes it stricter; nothing makes it less so. */
export function assessCall(tool: GovernedTool, args: JsonObject, run: AssessedRun): Assessment {
  const { view, label, secrets } = run;
  const { attested } = view.task;
  const leaves = listLeaves(tool, args);
  const { authority, findings } = tool.effect === 'read' ? judgeRead(leaves, view) : judgeWrite(tool, leaves, view);
  const objections: Reason[] = [];
  let verdict: FlowFacts['verdict'] = 'permit';
  let declared = false;
  const worsen = (to: FlowFacts['verdict'], code: ErrorCode, message: string, path?: string): void => {
    if (RANK[to] > RANK[verdict]) verdict = to;
    objections.push({ code, message, ...(path !== undefined && { path }) });
  };
  // Somebody declared that the worst this tool can do is little: the prompt need not ask for it.
  const routine = tool.declared && tool.consequence === 'low';
  if (authority && attested && !routine) judgeAuthority(tool, authority, run, worsen);
  const changes = new Map<string, string>();
  const labels = new Map<string, Label>();
  for (const [leaf, finding] of findings) {
    labels.set(leaf.pointer, labelOf(finding, label));
    if (finding.canonical !== undefined && finding.canonical !== leaf.value)
      changes.set(leaf.pointer, finding.canonical);
  }
  const doubts = [...findings].filter(([, finding]) => finding.trust !== 'trusted');
  const weighty = doubts.filter(
    ([leaf]) => (!routine || leaf.sink?.declared === true) && !(run.unattended && leaf.sink?.guessed),
  );
  for (const [leaf, { trust, message }] of weighty) {
    if (leaf.sink?.declared === true) declared = true;
    worsen(trust === 'trusted' ? 'permit' : trust, 'E_TAINT_SINK', `${leaf.path}: ${message}`, leaf.pointer);
  }
  if (
    attested &&
    !routine &&
    authority?.kind === 'unasked' &&
    weighty.length > 0 &&
    isProvablyUnasked(tool, authority, view.task)
  )
    worsen('deny', 'E_TASK_UNASKED', 'the prompt asks for other things, and for none with these values');
  if (
    attested &&
    weighty.some(([, { from }]) => from === 'prose') &&
    weighty.some(([, { from }]) => from === 'nowhere')
  )
    worsen('deny', 'E_TAINT_SINK', 'one value is only in what others wrote, and another comes from nowhere');
  // Where nobody asked for the call, what the prompt names does not make it theirs.
  const unasked = !routine && authority?.kind === 'unasked';
  if (attested) judgeOrders(tool, unasked ? [...findings] : weighty, view, worsen);
  const leak = findLeak(tool, leaves, findings, { task: view.task, label, secrets });
  if (leak) worsen('ask', 'E_TAINT_EGRESS', leak.message, leak.path);
  if (run.deviation !== undefined) worsen('ask', 'E_PLAN_DEVIATES', run.deviation);
  const granted = authority === undefined || authority.kind === 'granted' || authority.kind === 'lent';
  return {
    facts: {
      verdict,
      declared,
      proved: attested && granted && objections.length === 0 && doubts.length === 0,
      authority: toAuthority(authority, attested),
      outward: leavesOrganisation(tool, leaves, findings, run.domains),
      reasons: objections,
    },
    arguments: replaceLeaves(args, changes),
    labels,
  };
}

function judgeAuthority(
  tool: GovernedTool,
  authority: Authority,
  { isLate, isPlanned }: AssessedRun,
  worsen: Worsen,
): void {
  if (isLate) worsen('ask', 'E_TASK_UNASKED', 'the tool appeared or changed after the run began');
  // What may only look, as far as its name tells, is no change that could be told not to be asked for.
  if (authority.kind === 'refused')
    worsen(
      mayLook(tool) || !tellsEffect(tool) ? 'ask' : 'deny',
      'E_TASK_UNASKED',
      'the prompt asks for no such change',
    );
  else if (authority.kind === 'unasked') worsen('ask', 'E_TASK_UNASKED', 'no words of the prompt ask for this');
  else if (!isPlanned)
    worsen('ask', 'E_TASK_UNASKED', 'the planner does not count this tool among what the prompt needs');
}

/** What others wrote orders this, and the prompt neither says it nor hands over to them: nobody has to be asked. */
function judgeOrders(
  tool: GovernedTool,
  doubts: readonly (readonly [Leaf, Finding])[],
  view: RunView,
  worsen: Worsen,
): void {
  for (const [leaf, finding] of doubts) {
    const order = findOrder(tool, leaf, finding, view);
    if (order === undefined) continue;
    const what = order.kind === 'ordered' ? 'a text that others wrote orders this' : 'only in text that others wrote';
    worsen('deny', 'E_TAINT_SINK', `${leaf.path}: ${what}, read by \`${order.tool}\``, leaf.pointer);
    return;
  }
}

/** The planner knows every verb of the prompt and the tool's own, and they are not the same. Content never lends destruction. */
function isProvablyUnasked(tool: GovernedTool, authority: Authority, task: Task): boolean {
  // A fitting verb, said of what the planner may only know by another name, leaves doubt.
  if (!task.understood || !isKnownChange(tool) || authority.candidates.length > 0) return false;
  return authority.destructive || task.delegates !== 'actions';
}

function labelOf(finding: Finding, { secrecy }: Label): Label {
  const integrity = finding.trust === 'trusted' && !finding.origins.includes(COMPOSED) ? 'trusted' : 'untrusted';
  return { integrity, secrecy, origins: [...finding.origins].sort() };
}

function toAuthority(authority: Authority | undefined, attested: boolean): FlowFacts['authority'] {
  if (authority === undefined) return 'read';
  if (!attested) return 'unknown';
  return authority.kind === 'lent' ? 'granted' : authority.kind;
}
