import { nounGroups, verbGroups, words } from './word-groups.ts';

/**
 * The words the planner knows. It only narrows: a word that is missing here costs a question, and a group that is too
 * wide still meets the provenance of every protected argument. All words are base forms, lower case.
 */

/** Requests that only look. In an imperative they show that a sentence asks for no change. */
export const readImperatives: ReadonlySet<string> = new Set(
  words(
    'show tell give list find get fetch check look read search retrieve summarize summarise count compare explain describe view display calculate compute review analyze analyse identify recommend suggest report determine figure see know understand verify confirm extract provide translate return browse name inspect estimate evaluate rank sort',
  ),
);

/** Verbs that show in a tool's own name that it looks things up, beyond the few that policy calls reads. */
export const lookVerbs: ReadonlySet<string> = new Set(
  words(
    'get list read search find show view describe count fetch look lookup query check calculate compute compare summarize summarise estimate retrieve display preview',
  ),
);

/** Those of them that policy does not take for reads by themselves: they compute, or tell what is there. */
export const vagueLookVerbs: ReadonlySet<string> = new Set(
  words('count look check calculate compute compare summarize summarise estimate retrieve display preview'),
);

/** Words of a tool's name that join another verb to its first, or make another verb of it: `check_and_fix`, `check_out`. */
export const joiners: ReadonlySet<string> = new Set(
  words('and or then plus also n if else unless in out off on up down over back away into to'),
);

/** What a verb is about when no noun says so. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  email: ['email'],
  mail: ['email'],
  message: ['message'],
  dm: ['message'],
  send: ['message', 'email'],
  tell: ['message', 'email'],
  write: ['message', 'email'],
  page: ['person'],
  call: ['person', 'contact'],
  say: ['message'],
  notify: ['message', 'email'],
  inform: ['message', 'email'],
  remind: ['message', 'email', 'reminder', 'task'],
  welcome: ['message'],
  greet: ['message'],
  congratulate: ['message'],
  thank: ['message'],
  wake: ['alarm'],
  label: ['issue'],
  assign: ['issue', 'task'],
  merge: ['pull'],
  checkout: ['cart', 'order'],
  text: ['message'],
  reply: ['message', 'email', 'comment'],
  forward: ['message', 'email'],
  pay: ['money'],
  repay: ['money'],
  refund: ['money'],
  reimburse: ['money'],
  wire: ['money'],
  donate: ['money'],
  transfer: ['money'],
  invite: ['participant', 'user'],
  reschedule: ['event'],
  buy: ['cart', 'product', 'order'],
  purchase: ['cart', 'product', 'order'],
  order: ['cart', 'product', 'order'],
  tweet: ['post'],
  rename: ['file'],
  reserve: ['reservation'],
  rent: ['reservation'],
  meet: ['event'],
  schedule: ['event'],
  postpone: ['event'],
  plan: ['event'],
};

/** Verbs whose worst use cannot be undone by asking again. What they act on must be named beside them. */
export const destructiveVerbs: ReadonlySet<string> = new Set(
  words(
    'delete remove erase void clear drop discard trash purge wipe destroy cancel revoke terminate kill truncate empty uninstall unsubscribe disable deactivate reset overwrite close leave archive kick ban block unfollow',
  ),
);

/** Verbs by which something is told to somebody or published. */
export const outwardVerbs: ReadonlySet<string> = new Set(
  words(
    'send email mail message text dm forward notify reply respond post publish upload share tweet announce submit invite broadcast',
  ),
);

/** Verbs by which somebody is told something: whom they are done to is no other thing that they act on. */
export const tellingVerbs: ReadonlySet<string> = new Set([
  ...outwardVerbs,
  ...words('tell inform remind ask warn alert ping say let contact update'),
]);

/** Words that carry no meaning of their own in a name, a title or a sentence. */
export const stopWords: ReadonlySet<string> = new Set(
  words(
    'a an the of in on at by to from for with and or but if so as is are was were be been being am do does did have has had i me my mine you your yours he him his she her hers it its we us our ours they them their theirs this that these those there here who whom whose which what when where why how not no yes please also then than too very just can could will would shall should may might must about into over under after before between up down out off via per each every all any some both few more most other such only own same s t re all one new next last following via using use based regarding called named titled',
  ),
);

const meet = (map: ReadonlyMap<string, ReadonlySet<number>>, a: string, b: string): boolean =>
  a === b || !(map.get(a) ?? new Set()).isDisjointFrom(map.get(b) ?? new Set());

/** Whether one verb can stand for the other. */
export const sameVerb = (a: string, b: string): boolean => meet(verbGroups, a, b);

/** Whether one noun can stand for the other. Both are stems. */
export const sameNoun = (a: string, b: string): boolean => meet(nounGroups, a, b);

/** Whether the planner knows what sort of thing the stem names. */
export const isKnownNoun = (stem: string): boolean => nounGroups.has(stem);

/** Whether the word is a verb of change that the planner knows. */
export const isChangeVerb = (word: string): boolean => verbGroups.has(word) || destructiveVerbs.has(word);

export const impliedNouns = (verb: string): readonly string[] =>
  Object.hasOwn(IMPLIED, verb) ? (IMPLIED[verb] ?? []) : [];
