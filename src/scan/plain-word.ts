const MOST_CHARS = 11;

/**
 * Whether a text is one short word of ASCII letters, digits and `_`: the names of members, flags, small numbers. No
 * detector has anything to find in so little, and most texts of most results are no more than that.
 */
export function isPlainWord(text: string): boolean {
  if (text.length > MOST_CHARS) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isWord =
      (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95;
    if (!isWord) return false;
  }
  return true;
}

const MOST_TOKEN_CHARS = 22;
const LONGEST_RUN = 15;

/**
 * Whether a text is one short token, an address or a name: printable ASCII without spaces, and nothing in it that could
 * hide another text. Credentials and personal data can stand in one; sentences, layers and addresses of pages cannot.
 */
export function isShortToken(text: string): boolean {
  if (text.length > MOST_TOKEN_CHARS) return false;
  let run = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isWord = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);
    run = isWord ? run + 1 : 0;
    // Of all marks only `@`, `.`, `-`, `_` and `+`: no other has a place in an address or a name.
    if (run > LONGEST_RUN || (!isWord && code !== 64 && code !== 46 && code !== 45 && code !== 95 && code !== 43))
      return false;
  }
  return true;
}
