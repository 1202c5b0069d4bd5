const MAX_CHARS = 64;

/** A name from outside, fit to stand in a message: escaped, on one line, cut, between back-ticks. */
export function quoteName(name: string): string {
  const cut = name.length > MAX_CHARS ? `${name.slice(0, MAX_CHARS)}…` : name;
  const visible = cut.toWellFormed().replace(/[^\x20-\x7e\u00a1-\u00ac\u00ae-\u024f…]|`/g, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return `\`${visible}\``;
}
