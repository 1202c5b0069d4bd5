import { openConfig, openRecordFor } from '../app/open-config.ts';
import { type ContextPart, listContext } from '../app/replay/list-context.ts';
import { openCandidate } from '../app/replay/open-candidate.ts';
import type { DecidedRecord, Undecidable } from '../app/replay/read-decision.ts';
import { recordedTools } from '../app/replay/recorded-tools.ts';
import { type ReplayedStep, replayRun } from '../app/replay/replay-run.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { CommandContext } from './command-context.ts';
import { eventToJson, firstReason, printEvent } from './print-event.ts';
import type { Terminal } from './terminal.ts';

/** Steps through a run as it was recorded, and decides again whatever was decided in it. */
export async function replay(
  context: CommandContext,
  runId: string,
  options: { readonly at?: string; readonly policy?: string },
): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const { tenant } = loaded.manifest;
  const record = await openRecordFor(loaded, `run ${runId}`);
  try {
    const other = options.policy === undefined ? undefined : await openConfig(options.policy, context.cwd);
    const candidate = other && openCandidate(other, await recordedTools(record, other.manifest));
    const counts = { same: 0, differs: 0, undecidable: 0 };
    let isFound = options.at === undefined;
    const before: ContextPart[] = [];
    for await (const step of replayRun(record, { tenant, runId }, candidate)) {
      if (step.redecided !== undefined) counts[step.redecided.kind] += 1;
      if (options.at === undefined) {
        terminal.data(stepToJson(step), printStep(step, terminal));
        continue;
      }
      before.push(...listContext(step.event));
      if (step.event.id === options.at || step.event.seq === Number(options.at)) {
        isFound = true;
        terminal.data({ ...stepToJson(step), context: before.map((part) => ({ ...part })) }, [
          ...printStep(step, terminal),
          ...printState(step),
          ...printContext(before),
        ]);
        break;
      }
    }
    if (!isFound) throw new Fault('E_NOT_FOUND', `run \`${runId}\` has no event \`${options.at ?? ''}\``);
    if (options.at === undefined) {
      const { same, differs, undecidable } = counts;
      terminal.say(
        `${same} decisions came out as they were recorded, ${differs} did not, ${undecidable} cannot be told`,
      );
    }
    if (counts.differs > 0)
      throw new Fault(
        'E_REPLAY_DIFFERS',
        `${counts.differs} decisions of ${runId} came out otherwise than they are recorded`,
      );
  } finally {
    await record.close();
  }
}

function stepToJson({ event, state, redecided, candidate, cause }: ReplayedStep): JsonObject {
  const again = redecided === undefined ? {} : { decision: redecidedToJson(redecided) };
  const more = { ...(candidate === undefined ? {} : { candidate }), ...(cause === undefined ? {} : { cause }) };
  return JSON.parse(JSON.stringify({ event: eventToJson(event), state, ...again, ...more })) as JsonObject;
}

function redecidedToJson(redecided: NonNullable<ReplayedStep['redecided']>) {
  if (redecided.kind === 'undecidable') return redecided;
  const { kind, again } = redecided;
  return { kind, again };
}

function printStep({ event, redecided, candidate, cause }: ReplayedStep, terminal: Terminal): readonly string[] {
  const lines = [printEvent(event, terminal)];
  if (redecided?.kind === 'same') lines.push(`  decided again: ${redecided.again.verdict}, as recorded`);
  if (redecided?.kind === 'differs')
    lines.push(terminal.style('red', `  decided again: ${redecided.again.verdict}, which is not what is recorded`));
  if (redecided?.kind === 'undecidable') lines.push(`  cannot be decided again: ${redecided.why}`);
  if (candidate !== undefined) lines.push(`  the other rules: ${printCandidate(candidate)}`);
  if (cause !== undefined && cause.cause !== 'unknown')
    lines.push(`  cause: ${cause.cause}`, ...cause.evidence.map(({ eventId, says }) => `    ${says} (${eventId})`));
  return lines;
}

function printCandidate(candidate: DecidedRecord | Undecidable): string {
  if ('why' in candidate) return `cannot be told: ${candidate.why}`;
  return `${candidate.verdict}  ${firstReason(candidate.reasons)}`;
}

/** What the model had in front of it: where it is to be found, and not what others wrote. */
function printContext(context: readonly ContextPart[]): readonly string[] {
  const lines = context.map(
    ({ eventId, what, from, text }) =>
      `  ${what.padEnd(9)} ${from}  ${text === undefined ? 'not on record' : `${text.length} characters`}  ${eventId}`,
  );
  return ['', 'what had been said, read and answered by then:', ...(lines.length === 0 ? ['  nothing'] : lines)];
}

function printState({ state }: ReplayedStep): readonly string[] {
  return [
    '',
    'the run at this event:',
    ...JSON.stringify(state, null, 2)
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}
