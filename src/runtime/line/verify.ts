import { type Digest, digestBytes } from '../../base/digest.ts';
import { isJsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { type Label, leastLabel } from '../../model/label.ts';
import type { Redaction, ToolResult } from '../../model/result.ts';
import { checkResult } from '../../policy/arguments/check-result.ts';
import { projectFields } from '../../policy/arguments/project-fields.ts';
import type { Ran } from '../../ports/store.ts';
import type { Finding } from '../../scan/detector.ts';
import { redactJson, redactResult } from '../../scan/redact.ts';
import type { Executed } from './execute.ts';
import { type ProtocolError, Refusal, refuse } from './refusal.ts';

/** What may cross back, and what was taken out of it. */
interface Inspected {
  readonly result: ToolResult | Refusal;
  readonly redactions: readonly Redaction[];
  readonly findings: readonly Finding[];
  /** Of the result as it came. */
  readonly digest?: Digest;
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

/** Never throws: the tool has run, and a bug here must not lose that. */
export function verify(executed: Executed): Verified {
  const { execution, intended } = executed;
  // Whatever came back was written outside: a failed call's message as much as a result.
  const read: Label = { integrity: 'untrusted', secrecy: 'internal', origins: [intended.intent.call.tool] };
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
    return new Verified(executed, 'yes', read, inspect(executed, execution.result));
  } catch {
    const refusal = refuse('E_INTERNAL', 'a bug stopped the result from being verified; it was withheld');
    return new Verified(executed, 'yes', read, { result: refusal, redactions: [], findings: [] });
  }
}

/** A server's own error is no way past what its results are held to. */
function cleanError({ intended }: Executed, error: ProtocolError): ProtocolError {
  const { code, message, data } = error;
  const withheld = { code, message: 'The tool failed.' };
  const { obligations } = intended.grant.decided.decision;
  if (obligations.some((obligation) => obligation.kind === 'fields')) return withheld;
  try {
    const { value } = redactJson({ message, ...(data === undefined ? {} : { data }) });
    return {
      code,
      message: typeof value['message'] === 'string' ? value['message'] : withheld.message,
      ...(isJsonObject(value['data']) ? { data: value['data'] } : {}),
    };
  } catch {
    return withheld;
  }
}

function inspect({ intended }: Executed, came: ToolResult): Inspected {
  const { tool } = intended.intent.tool;
  const { obligations } = intended.grant.decided.decision;
  const text = JSON.stringify(came);
  const bytes = Buffer.byteLength(text);
  const measured = { digest: digestBytes(text), bytes };
  const withhold = (refusal: Refusal): Inspected => ({ result: refusal, redactions: [], findings: [], ...measured });
  if (bytes > limits.resultBytes) {
    return withhold(
      refuse('E_RESULT_TOO_LARGE', `${bytes} bytes are more than the ${limits.resultBytes} that may cross`),
    );
  }
  // A tool that asks for input first has no result yet. What it calls structured content is held to the schema anyway.
  const asksForInput = came.extra?.['resultType'] === 'input_required' && came.structuredContent === undefined;
  const invalid = asksForInput ? undefined : checkResult(tool, came);
  if (invalid !== undefined) return withhold(new Refusal([invalid], 'E_RESULT_INVALID'));

  let result = came;
  const redactions: Redaction[] = [];
  for (const obligation of obligations) {
    if (obligation.kind !== 'fields') continue;
    const projected = projectFields(result, obligation.fields);
    result = projected.result;
    redactions.push(...projected.redactions);
  }
  const clean = redactResult(result);
  redactions.push(...clean.redactions);
  return { result: clean.result, redactions, findings: clean.findings, ...measured };
}
