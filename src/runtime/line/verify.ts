import { digestBytes, type KeyedDigest } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { isJsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { labelOfResult } from '../../flow/flow-run.ts';
import { type Label, leastLabel } from '../../model/label.ts';
import type { Redaction, ToolResult } from '../../model/result.ts';
import { checkResult } from '../../policy/arguments/check-result.ts';
import { projectFields } from '../../policy/arguments/project-fields.ts';
import type { Ran } from '../../ports/store.ts';
import type { Finding } from '../../scan/detector.ts';
import { redactJson } from '../../scan/redact.ts';
import type { ScannedResult } from '../../scan/scan-result.ts';
import type { SourceRule } from '../../scan/source-rule.ts';
import { stripInternals } from '../../scan/strip-internals.ts';
import { sourceRuleFor } from '../scan-rules.ts';
import { markResult, type ShownFindings, showFindings, withoutOwnMeta, wrapResult } from '../show-findings.ts';
import type { World } from '../world.ts';
import type { Executed } from './execute.ts';
import { type ProtocolError, Refusal, refuse } from './refusal.ts';

/** What may cross back, and what was taken out of it. */
interface Inspected {
  readonly result: ToolResult | Refusal;
  readonly redactions: readonly Redaction[];
  readonly findings: readonly Finding[];
  /** What scanning came to, where the result was scanned. */
  readonly scan?: { readonly shown: ShownFindings; readonly classifiers: readonly string[] };
  /** The result as it was scanned, before it was marked or wrapped: no record holds a run's markers. */
  readonly scanned?: ToolResult;
  /** What a failed call said, before what describes its machine was taken out. */
  readonly error?: string;
  /** Of the result as it came. */
  readonly digest?: KeyedDigest;
  readonly bytes?: number;
}

/** Proof that the result was held against what the tool promised and the manifest lets through. */
export class Verified {
  readonly #inspected: Inspected;
  readonly executed: Executed;
  readonly ran: Ran;
  /** What the call adds to the label of its run. */
  readonly label: Label;

  constructor(executed: Executed, ran: Ran, label: Label, inspected: Inspected) {
    this.#inspected = inspected;
    this.executed = executed;
    this.ran = ran;
    this.label = label;
  }

  get inspected(): Inspected {
    return this.#inspected;
  }
}

/** Never throws and never rejects: the tool has run, and a bug here must not lose that. */
export async function verify(world: World, executed: Executed): Promise<Verified> {
  const { execution, intended } = executed;
  // Whatever came back was written by whoever writes its results: a failed call's message as much as a result.
  const read: Label = labelOfResult(intended.intent.tool);
  if (!execution.ok) {
    const { code, message, ran } = execution;
    const protocolError = execution.protocolError && cleanError(executed, execution.protocolError);
    const refusal = new Refusal([{ code, message }], code, {
      ran,
      ...(protocolError === undefined ? {} : { protocolError }),
    });
    const label = ran === 'no' && protocolError === undefined ? leastLabel : read;
    return new Verified(executed, ran, label, { result: refusal, redactions: [], findings: [] });
  }
  try {
    const inspected = await inspect(world, executed, execution.result);
    return new Verified(executed, 'yes', inspected.scan?.shown.flagged ? { ...read, flagged: true } : read, inspected);
  } catch (error) {
    tellOfBug(world, error, intended.intent.call.id);
    const refusal = refuse('E_INTERNAL', 'a bug stopped the result from being verified; it was withheld');
    return new Verified(executed, 'yes', { ...read, flagged: true }, { result: refusal, redactions: [], findings: [] });
  }
}

/** Whoever is told may break too; that must not lose the outcome. */
function tellOfBug(world: World, error: unknown, callId: string): void {
  try {
    world.onBug(error, callId);
  } catch {
    // the outcome says E_INTERNAL all the same
  }
}

/** A server's own error is no way past what its results are held to, nor past what errors may say of a machine. */
function cleanError({ intended }: Executed, error: ProtocolError): ProtocolError {
  const { code, message, data } = error;
  const withheld = { code, message: 'The tool failed.' };
  const { obligations } = intended.grant.decided.decision;
  if (obligations.some((obligation) => obligation.kind === 'fields')) return withheld;
  try {
    const { value } = redactJson({ message, ...(data === undefined ? {} : { data }) });
    return {
      code,
      message: typeof value['message'] === 'string' ? stripInternals(value['message']) : withheld.message,
      ...(isJsonObject(value['data']) ? { data: value['data'] } : {}),
    };
  } catch {
    return withheld;
  }
}

async function inspect(world: World, { intended }: Executed, came: ToolResult): Promise<Inspected> {
  const governed = intended.intent.tool;
  const { decision, labelled } = intended.grant.decided;
  const { run, catalog } = labelled.validated.scanned.admitted;
  const text = JSON.stringify(came);
  const bytes = Buffer.byteLength(text);
  const measured = { digest: world.keyDigest(run.principal.tenant, digestBytes(text)), bytes };
  const withhold = (refusal: Refusal): Inspected => ({ result: refusal, redactions: [], findings: [], ...measured });
  const mostBytes = Math.min(limits.resultBytes, intended.allowance.resultBytes ?? limits.resultBytes);
  if (bytes > mostBytes) {
    const whose = mostBytes < limits.resultBytes ? 'are left in a budget' : 'may cross';
    return withhold(refuse('E_RESULT_TOO_LARGE', `${bytes} bytes are more than the ${mostBytes} that ${whose}`));
  }
  // A tool that asks for input first has no result yet. What brings one all the same is held to the schema.
  const asksForInput =
    came.extra?.['resultType'] === 'input_required' &&
    came.structuredContent === undefined &&
    came.content.length === 0;
  const invalid = asksForInput ? undefined : checkResult(governed.tool, came);
  if (invalid !== undefined) return withhold(new Refusal([invalid], 'E_RESULT_INVALID'));

  let result = withoutOwnMeta(came);
  const projections: Redaction[] = [];
  for (const obligation of decision.obligations) {
    if (obligation.kind !== 'fields') continue;
    const projected = projectFields(result, obligation.fields);
    result = projected.result;
    projections.push(...projected.redactions);
  }
  const rule = sourceRuleFor(catalog.manifest, governed);
  let scanned: ScannedResult;
  try {
    scanned = await world.scanner.scanResult(result, rule, text.length);
  } catch (error) {
    // Not having looked is not the same as having found nothing.
    const why = error instanceof Fault ? error.message : 'the scanner failed';
    return withhold(refuse('E_RESULT_UNSCANNED', `${why}; the result was withheld`));
  }
  const shown = showFindings(scanned, rule.source);
  return {
    ...measured,
    result: handOver(scanned, shown, rule, () => {
      const wrapped = wrapResult(scanned.result, scanned.findings, rule, world.markers.of(run.id));
      return asksForInput || checkResult(governed.tool, wrapped) === undefined ? wrapped : undefined;
    }),
    redactions: [...projections, ...scanned.redactions],
    findings: scanned.findings,
    scan: { shown, classifiers: scanned.classifiers },
    scanned: scanned.result,
    ...(scanned.error === undefined ? {} : { error: scanned.error }),
  };
}

/** What becomes of a scanned result. `wrap` gives nothing where the wrapped result would break its tool's promise. */
function handOver(
  { result, flagged }: ScannedResult,
  shown: ShownFindings,
  { source, whenFlagged }: SourceRule,
  wrap: () => ToolResult | undefined,
): ToolResult | Refusal {
  if (!flagged || whenFlagged === 'record') return result;
  if (whenFlagged === 'mark') return markResult(result, shown);
  const wrapped = whenFlagged === 'wrap' ? wrap() : undefined;
  if (wrapped !== undefined) return markResult(wrapped, shown);
  return refuse('E_RESULT_FLAGGED', `flagged at ${shown.risk} as \`${source}\`; it was withheld`);
}
