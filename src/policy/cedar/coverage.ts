import { type ExtensionName, extensionFunctions } from './extension-functions.ts';
import { operators } from './operators.ts';
import type { Operator } from './policy-json.ts';

/** Who evaluates a construct of the language: our closures, Cedar itself, or nobody, because it is refused at load. */
export type Evaluator = 'closure' | 'cedar' | 'refused';

export interface Coverage {
  readonly construct: string;
  readonly evaluator: Evaluator;
  readonly note?: string;
}

const closure = (construct: string): Coverage => ({ construct, evaluator: 'closure' });

/** What the compiler covers. `docs` publishes it and a test holds the two together. */
export const coverage: readonly Coverage[] = [
  ...(Object.keys(operators) as Operator[]).map(closure),
  ...(Object.keys(extensionFunctions) as ExtensionName[]).map((name) => closure(`${name}()`)),
  { construct: 'scope of principal, action and resource', evaluator: 'closure', note: 'by index' },
  {
    construct: 'integer literals beyond ±9007199254740991',
    evaluator: 'cedar',
    note: 'the JSON form of a policy rounds them; its text does not',
  },
  { construct: 'templates and slots', evaluator: 'refused', note: 'write the policy out' },
];
