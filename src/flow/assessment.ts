import type { JsonObject } from '../base/json.ts';
import type { FlowFacts } from '../model/flow-facts.ts';
import type { Label } from '../model/label.ts';

export interface AssessOptions {
  /** Arguments whose values a declared limit of their own pins: their names joined by NUL, lists walked through. */
  readonly constants?: ReadonlySet<string>;
  /** A grant names the very tool and says that nobody is asked: what no word tells the use of is left to the agent. */
  readonly unattended?: boolean;
  /** Domains that are inside the organisation, in lower case; `*.company.com` covers its subdomains only. */
  readonly domains?: readonly string[];
}

/** What flow says of one call. */
export interface Assessment {
  readonly facts: FlowFacts;
  /** What must be executed: the values that were matched, in their canonical form. */
  readonly arguments: JsonObject;
  /** By JSON pointer of each argument value. */
  readonly labels: ReadonlyMap<string, Label>;
}
