import { readAtoms } from './atoms.ts';
import { isContentOfNamed } from './judge-party.ts';
import { doubt, type Finding, type RunView } from './run-view.ts';

/** Where money goes: two letters of a country and two digits before the rest. */
const BANK_ACCOUNT = /^account:[a-z]{2}\d{2}/;

/**
 * A bank account in words that go to somebody, which stands nowhere but in what others wrote: whoever reads it pays there. Not
 * where the prompt points to the very text that holds it.
 */
export function findForeignAccount(text: string, { task, index, own }: RunView): Finding | undefined {
  for (const { key, kind } of readAtoms(text)) {
    if (kind !== 'account' || !BANK_ACCOUNT.test(key) || task.mentioned.has(key) || own.has(key)) continue;
    const places = index.find(key).filter(({ record }) => !record.ownWrite);
    if (places.length > 0 && places.every((place) => place.inProse && !isContentOfNamed(place)))
      return doubt('ask', 'it holds an account that only others wrote of', [
        ...new Set(places.map(({ record }) => record.tool)),
      ]);
  }
  return undefined;
}
