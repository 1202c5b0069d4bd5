/**
 * A path taken apart by its text alone. Symbolic links are not followed here: nothing in this room can see a file
 * system. The sandbox and the adapters resolve again beneath a directory handle when the tool runs.
 */
export type ResolvedPath =
  | { readonly ok: true; readonly root: string; readonly segments: readonly string[]; readonly text: string }
  | { readonly ok: false; readonly message: string };

/**
 * Resolves `.`, `..` and repeated separators of a POSIX or Windows path. `root` is `/`, `c:/`, `//server/share/`, or
 * empty for a relative path, which may not climb above where it starts. What a server could read differently than we
 * do is refused instead of guessed: control characters, `~`, encoded separators and dots, look-alikes of them, URLs,
 * device paths, drive-relative paths, streams, and a backslash in a path that is not plainly a Windows one.
 */
export function resolvePath(path: string): ResolvedPath {
  const trick = findTrick(path);
  if (trick) return { ok: false, message: trick };
  return isWindows(path) ? resolveWindows(path) : resolvePosix(path);
}

/** Whether `inner` is `outer` or lies beneath it. Windows paths are compared without regard to case. */
export function liesWithin(inner: ResolvedPath, outer: ResolvedPath): boolean {
  if (!inner.ok || !outer.ok || inner.root !== outer.root || inner.segments.length < outer.segments.length)
    return false;
  const same =
    outer.root === '' || outer.root === '/'
      ? (a: string, b: string | undefined) => a === b
      : (a: string, b: string | undefined) => a.toLowerCase() === b?.toLowerCase();
  return outer.segments.every((segment, index) => same(segment, inner.segments[index]));
}

function findTrick(path: string): string | undefined {
  if (path === '') return 'is empty, not a path';
  if (/\p{Cc}/u.test(path)) return 'holds a control character';
  if (path.startsWith('~')) return 'starts with `~`, which only the server could resolve';
  if (/%(25|2e|2f|5c|00|c0|e0|f0)/i.test(path)) return 'holds an encoded separator, dot or control character';
  if (/^[a-zA-Z][a-zA-Z0-9+.-]+:/.test(path)) return 'is a URL, not a path';
  if (/\$[{(A-Za-z_]|%[A-Za-z_]+%|`/.test(path)) return 'holds a variable or command that a server could expand';
  const compatible = path.normalize('NFKC');
  if (separators(compatible) !== separators(path) || climbs(compatible) !== climbs(path)) {
    return 'holds a character that looks like a separator or dots';
  }
  return undefined;
}

function separators(path: string): number {
  return path.split(/[/\\]/).length;
}

function climbs(path: string): number {
  return path.split(/[/\\]/).filter((segment) => /^\.\.?$/.test(segment)).length;
}

function isWindows(path: string): boolean {
  return /^[a-zA-Z]:/.test(path) || path.startsWith('\\\\');
}

function resolvePosix(path: string): ResolvedPath {
  if (path.includes('\\'))
    return { ok: false, message: 'holds a backslash, which is a separator on some systems only' };
  const resolved = resolveSegments(path.startsWith('/') ? '/' : '', path.split('/'));
  // `a/../C:` and `a/../~` end up as what the next reader takes for a drive or a home.
  if (!resolved.ok || (findTrick(resolved.text) === undefined && !isWindows(resolved.text))) return resolved;
  return { ok: false, message: 'resolves to what another reader would resolve again' };
}

function resolveWindows(path: string): ResolvedPath {
  const text = path.replaceAll('\\', '/');
  if (/^\/\/[.?]\//.test(text)) return { ok: false, message: 'is a device path' };
  const share = /^\/\/([^/]+)\/([^/]+)(?:\/|$)/.exec(text);
  const drive = /^([a-zA-Z]:)\//.exec(text);
  const prefix = share?.[0] ?? drive?.[0];
  if (prefix === undefined) return { ok: false, message: 'is relative to a drive or names no share' };
  const segments = text.slice(prefix.length).split('/');
  for (const segment of segments) {
    if (segment === '.' || segment === '..') continue;
    if (/[. ]$/.test(segment))
      return { ok: false, message: 'has a part that ends in a dot or space, which Windows drops' };
    if (/[:*?"<>|]/.test(segment)) return { ok: false, message: 'has a part with a character Windows gives a meaning' };
    if (/^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i.test(segment)) return { ok: false, message: 'names a device' };
  }
  return resolveSegments(`${prefix.replace(/\/$/, '').toLowerCase()}/`, segments);
}

function resolveSegments(root: string, parts: readonly string[]): ResolvedPath {
  const segments: string[] = [];
  for (const part of parts) {
    if (part === '' || part === '.') continue;
    if (part !== '..') segments.push(part);
    else if (segments.length > 0) segments.pop();
    else if (root === '') return { ok: false, message: 'climbs above where it starts' };
  }
  const text = root + segments.join('/') || '.';
  // A share written with slashes would be a POSIX path to the next reader.
  const isPosix = root === '' || root === '/';
  return { ok: true, root, segments, text: isPosix ? text : text.replaceAll('/', '\\') };
}
