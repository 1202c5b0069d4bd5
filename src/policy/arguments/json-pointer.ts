/** `pointer` one member further down, escaped as RFC 6901 says. */
export function pointerTo(pointer: string, member: string | number): string {
  if (typeof member === 'number') return `${pointer}/${member}`;
  return `${pointer}/${escapeMember(member)}`;
}

/** The members a pointer names, unescaped. `''` names none. */
export function pointerMembers(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((member) => member.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function escapeMember(member: string): string {
  return /[~/]/.test(member) ? member.replaceAll('~', '~0').replaceAll('/', '~1') : member;
}
