import { toFault } from '../../base/fault.ts';
import type { GovernedTool, Tool } from '../../model/tool.ts';
import { recordReason } from '../../runtime/record-parts.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { type DecidedRecord, type RecordedDecision, type Undecidable, undecidable } from './read-decision.ts';
import { decideAgain } from './redecide.ts';
import { Rules } from './rules.ts';

/** Rules that are not in force, to decide recorded calls with. */
export interface Candidate {
  /**
   * What the rules say of a recorded call. The tool is the one that was called, governed by these rules; what the run had
   * read, where values came from and what was found in them is taken as it was recorded.
   */
  decide(recorded: RecordedDecision, called: GovernedTool): DecidedRecord | Undecidable;
}

/**
 * @param tools those that are known; one that a recorded call names is added when it is met
 */
export function openCandidate(loaded: LoadedConfig, tools: readonly Tool[]): Candidate {
  const { bundle, manifest, place: placeOf, policies: policyFiles } = loaded;
  const rules = new Rules({ bundle, manifest, placeOf, policyFiles }, tools);
  return {
    decide(recorded, called) {
      try {
        const catalog = rules.catalogFor(called);
        const entry = catalog.find(called.name, recorded.request.principal.agent);
        if (entry === undefined) return undecidable('the tool has no name of its own');
        if (entry.disabled !== undefined) return denied(entry.disabled);
        const { principal, arguments: args } = recorded.request;
        const checked = entry.checkFor(principal.agent).check(args, principal);
        if (!checked.ok) return denied(...checked.reasons);
        const request = { ...recorded.request, arguments: checked.arguments };
        return decideAgain({ ...recorded, request }, entry.governed, catalog);
      } catch (error) {
        return undecidable(toFault(error, 'E_INTERNAL', 'the rules cannot be applied to this tool').message);
      }
    },
  };
}

function denied(...reasons: readonly Parameters<typeof recordReason>[0][]): DecidedRecord {
  return { verdict: 'deny', observed: null, reasons: reasons.map(recordReason), obligations: [] };
}
