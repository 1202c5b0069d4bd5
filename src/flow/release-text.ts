import type { Reason } from '../model/decision.ts';
import type { Label } from '../model/label.ts';
import { keyOfText, keyOfValue, readAtoms } from './atoms.ts';
import { listLoaded } from './list-loaded.ts';
import type { Task } from './read-task.ts';
import type { SecretValues } from './secret-values.ts';

export interface Release {
  readonly verdict: 'permit' | 'ask' | 'deny';
  /** Empty on a permit. */
  readonly reasons: readonly Reason[];
}

/** An address of another host, whether or not it can be read; not what the text carries along or lies beside it. */
const ELSEWHERE = /^(?!(?:data|cid|blob|attachment|sandbox):)(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a browser leaves them out of an address
const LEFT_OUT = /[\u0000-\u0020]/g;

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
  if (secrets.holdsRare(text, task.text)) reasons.push(refuse('it holds a word of a text that must never leave'));
  if (listLoaded(text).some((address) => isUnnamed(address.replace(LEFT_OUT, ''), task)))
    reasons.push(refuse('it loads an image or the like from an address that the user did not name'));
  return { verdict: reasons.length > 0 ? 'ask' : 'permit', reasons };
}

function isUnnamed(address: string, task: Task): boolean {
  const urls = readAtoms(address).filter(({ kind }) => kind === 'url');
  return urls.length === 0 ? ELSEWHERE.test(address) : urls.some(({ key }) => !task.mentioned.has(key));
}

const refuse = (message: string): Reason => ({ code: 'E_TAINT_EGRESS', message });
