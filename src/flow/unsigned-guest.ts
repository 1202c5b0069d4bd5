import { isKept } from './kept-record.ts';
import { isAuthorField, localWords, namesSomebody, partOf } from './party-parts.ts';
import type { Field } from './read-records.ts';
import type { RunView } from './run-view.ts';
import type { Occurrence, SeenRecord } from './seen-record.ts';

/** What a record names besides its own subject: the guests of an event, who else got a mail. */
const GUESTS = /^(?:participant|attendee|invitee|guest|member|recipient|to|receiver)$/;
/** Sorts of records that others can put in front of somebody. */
const INFLOW: ReadonlySet<string> = new Set(
  'event meeting appointment calendar invite invitation email mail inbox message dm chat post comment review feedback ticket issue case page webpage website notification form submission'.split(
    ' ',
  ),
);
/** Anybody can have an address there, so that it is at one of these says nothing. */
const OPEN_HOSTS: ReadonlySet<string> = new Set(
  '@gmail.com @googlemail.com @outlook.com @hotmail.com @live.com @yahoo.com @icloud.com @me.com @aol.com @gmx.de @gmx.net @web.de @proton.me @protonmail.com @mail.com @mail.ru @yandex.ru @qq.com @163.com'.split(
    ' ',
  ),
);

/**
 * Somebody of another organisation whom a record names, of a sort that anybody can send and that nobody signs: whoever wrote
 * it chose them, not the user. Where anything tells which addresses are of the user's world, something has to say that of theirs.
 */
export function isUnsignedGuest({ shape, kinds }: SeenRecord, field: Field, view: RunView): boolean {
  if (!GUESTS.test(partOf(field)) || !kinds.some((kind) => INFLOW.has(kind))) return false;
  const own = [...view.own].filter((key) => key.startsWith('email:')).map(domainOf);
  const homes = [...own, ...view.index.keptDomains];
  if (homes.length === 0 || shape.fields.some(isAuthorField)) return false;
  return !isCorroborated(field.key ?? '', homes, view);
}

const domainOf = (key: string): string => key.slice(key.lastIndexOf('@'));

function isCorroborated(key: string, homes: readonly string[], view: RunView): boolean {
  if (key.startsWith('email:')) {
    const named = view.task.mentions.filter(({ role }) => role !== 'excluded').map((mention) => mention.key);
    const known = [...homes, ...named.filter((other) => other.startsWith('email:')).map(domainOf)];
    if (known.includes(domainOf(key)) && !OPEN_HOSTS.has(domainOf(key))) return true;
    if (localWords(key).some((word) => word.length > 1 && namesSomebody(capitalise(word), view.task))) return true;
  }
  return view.index.find(key).some(isOfKept);
}

const capitalise = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const isOfKept = ({ record, inProse }: Occurrence): boolean => !inProse && isKept(record);
