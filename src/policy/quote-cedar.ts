/** A text as a Cedar string literal. Everything beyond printable ASCII is escaped, so no text can end it or hide in it. */
export function quoteCedar(text: string): string {
  let quoted = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') quoted += `\\${character}`;
    else if (code >= 0x20 && code < 0x7f) quoted += character;
    else quoted += `\\u{${code.toString(16)}}`;
  }
  return `"${quoted}"`;
}
