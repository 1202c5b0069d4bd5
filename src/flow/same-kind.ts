/** Sorts of things that go by many names: an argument says `owner_id` or `attachment`, and a listing `user_id` or `file`. */
const SORTS: readonly ReadonlySet<string>[] = [
  'user member people person employee staff colleague contact owner assignee manager host reviewer approver agent lead driver teacher student physician patient customer client team',
  'file attachment document doc sheet deck presentation page note',
  'email mail message inbox thread conversation',
  'event meeting appointment calendar visit booking slot schedule',
].map((words) => new Set(words.split(' ')));

/** What takes something of any sort. */
const ANYTHING: ReadonlySet<string> = new Set('record object entity item parent'.split(' '));

/** Those of a record's sorts that an argument of these sorts may name one of. */
export function sharedKinds(kinds: readonly string[], ofRecord: readonly string[]): string[] {
  if (kinds.some((kind) => ANYTHING.has(kind))) return [...ofRecord];
  return ofRecord.filter((other) =>
    kinds.some((kind) => kind === other || SORTS.some((sort) => sort.has(kind) && sort.has(other))),
  );
}
