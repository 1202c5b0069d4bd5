/**
 * The words the planner knows. It only narrows: a word that is missing here costs a question, and a group that is too
 * wide still meets the provenance of every protected argument. All words are base forms, lower case.
 */

const words = (text: string): readonly string[] => text.split(' ');

/** Requests that only look. In an imperative they show that a sentence asks for no change. */
export const readImperatives: ReadonlySet<string> = new Set(
  words(
    'show tell give list find get fetch check look read search retrieve summarize summarise count compare explain describe view display calculate compute review analyze analyse identify recommend suggest report determine figure see know understand verify confirm extract provide translate return browse name inspect estimate evaluate rank sort',
  ),
);

/** Verbs that show in a tool's own name that it looks things up, beyond the few that policy calls reads. */
export const lookVerbs: ReadonlySet<string> = new Set(
  words(
    'get list read search find show view describe count fetch look lookup check calculate compute compare summarize summarise estimate retrieve display preview',
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

/** Groups of verbs that people use for one another when they ask for a change. */
const VERB_GROUPS: readonly (readonly string[])[] = [
  words(
    'create make add put schedule plan book write draft generate open start register build prepare save compose set',
  ),
  words('add append insert include attach put write extend fill'),
  words(
    'send email mail message text dm forward notify reply respond write contact ping inform deliver post tell answer ask remind',
  ),
  words('share give grant'),
  words('share send'),
  words('delete remove erase clear drop discard trash purge wipe destroy empty unshare kick'),
  words('cancel delete remove revoke abort terminate unbook'),
  words(
    'update change edit modify adjust set fix correct replace amend increase decrease raise lower alter revise switch mark',
  ),
  words('reschedule move postpone delay shift push update change'),
  words('rename move update change'),
  words('pay send transfer refund reimburse wire settle remit repay donate return'),
  words('buy purchase order checkout pay'),
  words('buy purchase order add'),
  words('create make write publish post put'),
  words('schedule plan book arrange set'),
  words('book reserve order rent make'),
  words('post publish upload share announce tweet write put submit'),
  words('invite add onboard'),
  words('move relocate transfer put'),
  words('copy duplicate clone fork'),
  words('download save'),
  words('upload add attach'),
  words('open visit navigate go browse load'),
  words('join enter'),
  words('leave exit quit'),
  words('subscribe follow join'),
  words('unsubscribe unfollow leave'),
  words('close resolve complete finish'),
  words('merge approve accept'),
  words('run execute start launch trigger'),
  words('enable activate turn'),
  words('disable deactivate turn'),
  words('assign delegate give'),
  words('comment reply write post add'),
  words('withdraw transfer'),
  words('deposit add transfer'),
  words('star favorite like bookmark'),
  words('welcome greet congratulate thank warn alert wish say send message post tell write'),
  words('label tag assign close reopen resolve complete lock archive pin set update edit'),
  words('file raise submit open create'),
  words('commit push write update'),
  words('apply use redeem'),
  words('wake set create'),
  words('remind create add set schedule put'),
  words('hire rent lease book reserve'),
  words('return exchange refund'),
  words('give grant add assign'),
  words('sign register enroll subscribe join'),
  words('set change update adjust configure turn switch'),
  words('call ring phone dial'),
  words('note record log save write add create append'),
  words('stop cancel end pause'),
  words('deploy release ship launch'),
  words('restart reboot'),
  words('rollback revert undo restore'),
  words('scale resize'),
  words('tip pay'),
  words('vote'),
  words('play'),
  words('print'),
  words('unlock open'),
  words('lock close'),
  words('install setup'),
  words('withhold keep'),
];

/** Groups of nouns that name the same sort of thing. */
const NOUN_GROUPS: readonly (readonly string[])[] = [
  words('event meeting appointment calendar entry call lunch dinner breakfast reminder invitation invite session slot'),
  words('participant attendee guest invitee'),
  words('email mail inbox message'),
  words('message dm chat text direct sms'),
  words('message comment reply answer'),
  words('channel group room'),
  words('file document doc drive spreadsheet sheet presentation pdf list note'),
  words('folder directory'),
  words(
    'money payment transaction bill rent refund invoice transfer fund amount order fee difference subscription debt',
  ),
  words('scheduled standing recurring'),
  words('user account profile info information address detail contact'),
  words('user member person colleague people team workspace'),
  words('password passcode pin credential'),
  words('reservation booking hotel room'),
  words('reservation booking restaurant table'),
  words('reservation booking flight ticket seat'),
  words('reservation booking car rental vehicle'),
  words('webpage page website site web post article blog link url'),
  words('issue ticket bug'),
  words('pull pr merge request'),
  words('repository repo project'),
  words('cart basket item product order'),
  words('coupon code voucher discount'),
  words('review rating feedback comment'),
  words('access permission right role collaborator member user'),
  words('alarm timer reminder'),
  words('thermostat temperature degree heating'),
  words('taxi ride cab'),
  words('file readme section paragraph line'),
  words('task todo item reminder'),
];

/** What a verb is about when no noun says so. */
const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  email: ['email'],
  mail: ['email'],
  message: ['message'],
  dm: ['message'],
  send: ['message', 'email'],
  tell: ['message', 'email'],
  say: ['message'],
  notify: ['message', 'email'],
  inform: ['message', 'email'],
  remind: ['message', 'email'],
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
};

/** Verbs whose worst use cannot be undone by asking again. What they act on must be named beside them. */
export const destructiveVerbs: ReadonlySet<string> = new Set(
  words(
    'delete remove erase clear drop discard trash purge wipe destroy cancel revoke terminate kill truncate empty uninstall unsubscribe disable deactivate reset overwrite close leave archive kick ban block unfollow',
  ),
);

/** Verbs by which something is told to somebody or published. */
export const outwardVerbs: ReadonlySet<string> = new Set(
  words(
    'send email mail message text dm forward notify reply respond post publish upload share tweet announce submit invite broadcast',
  ),
);

/** Words that carry no meaning of their own in a name, a title or a sentence. */
export const stopWords: ReadonlySet<string> = new Set(
  words(
    'a an the of in on at by to from for with and or but if so as is are was were be been being am do does did have has had i me my mine you your yours he him his she her hers it its we us our ours they them their theirs this that these those there here who whom whose which what when where why how not no yes please also then than too very just can could will would shall should may might must about into over under after before between up down out off via per each every all any some both few more most other such only own same s t re all one new next last following via using use based regarding called named titled',
  ),
);

const groupsOf = (groups: readonly (readonly string[])[]): ReadonlyMap<string, ReadonlySet<number>> => {
  const map = new Map<string, Set<number>>();
  for (const [index, group] of groups.entries()) {
    for (const word of group) map.set(word, (map.get(word) ?? new Set()).add(index));
  }
  return map;
};
const verbGroups = groupsOf(VERB_GROUPS);
const nounGroups = groupsOf(NOUN_GROUPS);

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
