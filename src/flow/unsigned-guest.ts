import { isAuthorField, localWords, namesSomebody, partOf } from './judge-party.ts';
import type { Occurrence, SeenRecord } from './provenance-index.ts';
import type { Field } from './read-records.ts';
import type { RunView } from './run-view.ts';

/** What a record names besides its own subject: the guests of an event, who else got a mail. */
const GUESTS = /^(?:participant|attendee|invitee|guest|member|recipient|to|receiver)$/;
/** Sorts of records that others can put in front of somebody. */
const INFLOW: ReadonlySet<string> = new Set(
  'event meeting appointment calendar invite invitation email mail inbox message dm chat post comment review feedback ticket issue case page webpage website notification form submission'.split(
    ' ',
  ),
);
/** Sorts of records that somebody keeps for themselves. */
const KEPT: ReadonlySet<string> = new Set(
  'contact user member employee people person colleague staff customer client directory team account profile'.split(
    ' ',
  ),
);

/**
 * Somebody of another organisation whom a record names, of a sort that anybody can send and that nobody signs: whoever wrote
 * it chose them, not the user. Where the user's own address is known, something else has to say that they are meant.
 */
export function isUnsignedGuest({ shape, kinds }: SeenRecord, field: Field, view: RunView): boolean {
  if (!GUESTS.test(partOf(field)) || !kinds.some((kind) => INFLOW.has(kind))) return false;
  const homes = [...view.own].filter((own) => own.startsWith('email:')).map(domainOf);
  if (homes.length === 0 || shape.fields.some(isAuthorField)) return false;
  return !isCorroborated(field.key ?? '', homes, view);
}

const domainOf = (key: string): string => key.slice(key.lastIndexOf('@'));

function isCorroborated(key: string, homes: readonly string[], view: RunView): boolean {
  if (key.startsWith('email:')) {
    const named = view.task.mentions.filter(({ role }) => role !== 'excluded').map((mention) => mention.key);
    const known = [...homes, ...named.filter((other) => other.startsWith('email:')).map(domainOf)];
    if (known.includes(domainOf(key))) return true;
    if (localWords(key).some((word) => word.length > 1 && namesSomebody(capitalise(word), view.task))) return true;
  }
  return view.index.find(key).some(isKept);
}

const capitalise = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const isKept = ({ record, inProse }: Occurrence): boolean =>
  !inProse && !record.ownWrite && !record.byOutsider && record.kinds.some((kind) => KEPT.has(kind));
