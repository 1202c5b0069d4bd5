import type { Reason } from '../model/decision.ts';
import type { Label } from '../model/label.ts';
import { keyOfText, keyOfValue, readAtoms } from './atoms.ts';
import type { Task } from './read-task.ts';
import type { SecretValues } from './secret-values.ts';

export interface Release {
  readonly verdict: 'permit' | 'ask' | 'deny';
  /** Empty on a permit. */
  readonly reasons: readonly Reason[];
}

/** Images that a reader's program loads by itself, and so tells their host whatever stands in the address. */
const IMAGE =
  /!\[[^\]]{0,500}\]\(\s{0,20}<?([^)\s>]{1,4000})|<img\b[^>]{0,500}\bsrc\s{0,20}=\s{0,20}["']?([^"'\s>]{1,4000})/gi;

/**
 * Judges a text on its way to somebody. What was confidential from the start never leaves. Secrets read in the run reach
 * the user, and an audience the prompt names; for anybody else a person is asked.
 */
export function releaseText(
  text: string,
  audience: string | undefined,
  run: {
    readonly task: Task;
    readonly label: Label;
    readonly own: ReadonlySet<string>;
    readonly secrets: SecretValues;
    /** Values of records that are another user's. */
    readonly others: SecretValues;
    /** There may be records of other users that are not known here. */
    readonly blind: boolean;
  },
): Release {
  const { task, label, own, secrets, others, blind } = run;
  if (secrets.holdsConfidential(text))
    return { verdict: 'deny', reasons: [refuse('it holds text that must never leave')] };
  if (others.size > 0 && others.isIn(text))
    return { verdict: 'deny', reasons: [refuse('it holds data of another user')] };
  const reasons: Reason[] = [];
  if (blind) reasons.push(refuse('more was read than can be told apart, and some of it may be another user’s'));
  const toUser = audience === undefined || own.has(keyOfValue(audience)) || own.has(keyOfText(audience));
  if (!toUser && label.secrecy === 'secret' && !task.mentioned.has(keyOfValue(audience))) {
    reasons.push(refuse('something secret was read, and the prompt does not name this audience'));
  }
  for (const image of text.matchAll(IMAGE)) {
    const [atom] = readAtoms(image[1] ?? image[2] ?? '');
    if (atom && !task.mentioned.has(atom.key))
      reasons.push(refuse('it loads an image from an address that the user did not name'));
  }
  return { verdict: reasons.length > 0 ? 'ask' : 'permit', reasons };
}

const refuse = (message: string): Reason => ({ code: 'E_TAINT_EGRESS', message });
