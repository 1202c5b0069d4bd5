/** A list of texts in which `*` stands for any run of characters. */
export interface GlobList {
  /** Whether a value is one of them, read strictly: for rules that permit. */
  permits(value: string): boolean;
  /** Whether a value is, or holds, one of them, read loosely: for rules that forbid. */
  forbids(value: string): boolean;
}

/**
 * Compiles globs. What `*` stands for depends on the glob: in one with an `@` it is part of a single mail address, so
 * that `*@company.com` does not permit `eve@evil.example,bob@company.com`; elsewhere it is anything but line ends and
 * other control characters. Case counts when permitting. When forbidding, upper case, compatibility characters, display
 * names and several addresses in one text do not help to get past.
 */
export function compileGlobs(globs: readonly string[]): GlobList {
  const compiled = globs.map(compileGlob);
  const folded = globs.map((glob) => compileGlob(fold(glob)));
  return {
    permits: (value) => compiled.some((glob) => glob.isMatch(value)),
    forbids: (value) => {
      if (compiled.some((glob) => glob.isMatch(value, 'any'))) return true;
      const text = fold(value);
      if (folded.some((glob) => glob.isMatch(text, 'any'))) return true;
      if (!text.includes('@')) return false;
      const addresses = text.split(/[\s,;<>"'()[\]:]+/).filter((part) => part.includes('@'));
      return addresses.some((address) => folded.some((glob) => glob.isMatch(address)));
    },
  };
}

function fold(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}

const NOT_IN_AN_ADDRESS = /[\p{C}\p{Z}\s@,;<>()[\]"\\:]/u;
const NOT_ON_A_LINE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

interface Glob {
  isMatch(value: string, wildcard?: 'any'): boolean;
}

function compileGlob(glob: string): Glob {
  const parts = glob.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  const inner = parts.slice(1, -1).filter((part) => part !== '');
  const excluded = glob.includes('@') ? NOT_IN_AN_ADDRESS : NOT_ON_A_LINE;
  return {
    isMatch(value, wildcard) {
      if (parts.length === 1) return value === glob;
      if (value.length < first.length + last.length) return false;
      if (!value.startsWith(first) || !value.endsWith(last)) return false;
      const runs: string[] = [];
      let from = first.length;
      const end = value.length - last.length;
      for (const part of inner) {
        const at = value.indexOf(part, from);
        if (at < 0 || at + part.length > end) return false;
        runs.push(value.slice(from, at));
        from = at + part.length;
      }
      runs.push(value.slice(from, end));
      return wildcard === 'any' || !runs.some((run) => excluded.test(run));
    },
  };
}
