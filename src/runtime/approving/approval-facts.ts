import { limits } from '../../base/limits.ts';
import type { ApprovalFacts, ValueOrigin } from '../../model/approval.ts';
import { redactJson } from '../../scan/redact.ts';
import type { Decided } from '../line/decide.ts';
import { fitText, PATH_CHARS } from '../record-parts.ts';

/** What is known of a call when people are asked about it. All of it comes from the call, none of it from the model, but for one quotation. */
export function factsOf(decided: Decided): ApprovalFacts {
  const { request, labelled } = decided;
  const { tool, scanned } = labelled.validated;
  const { catalog, request: asked, run } = scanned.admitted;
  const { tools } = catalog.manifest;
  const undo = Object.hasOwn(tools, tool.name) ? tools[tool.name]?.undo : undefined;
  const user = run.principal.onBehalfOf?.id;
  const untrusted: ValueOrigin[] = [];
  for (const [path, { integrity, origins }] of labelled.assessment.labels) {
    if (integrity === 'trusted' || untrusted.length === limits.recordedLabels) continue;
    untrusted.push({ path: fitText(path, PATH_CHARS), integrity, origins });
  }
  return {
    effect: tool.effect,
    consequence: tool.consequence,
    declared: tool.declared,
    ...(user === undefined ? {} : { user }),
    sinks: tool.sinks.map(({ path, carries }) => ({ path, carries })),
    outward: request.flow.outward,
    ...(undo === undefined ? {} : { undo }),
    untrusted,
    label: labelled.label,
    ...(asked.purpose === undefined ? {} : { quotation: quote(asked.purpose) }),
  };
}

/** What the agent says, of bounded length and without what looks like a secret. */
function quote(purpose: string): string {
  const { value } = redactJson({ purpose: fitText(purpose, limits.quotationChars) });
  return typeof value['purpose'] === 'string' ? value['purpose'] : '';
}
