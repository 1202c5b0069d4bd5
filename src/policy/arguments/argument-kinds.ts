/** What an argument is likely to be used as, told from its name alone. Names of checks, as `permits:` writes them. */
export type DangerKind = 'path' | 'shell' | 'sql' | 'header' | 'template';

/** A kind, and how sure its name makes it: `plain` names it, `loose` leaves room for honest prose. */
export type ArgumentKind = { readonly kind: DangerKind; readonly sure: boolean };

/**
 * The kinds of an argument by its name and declared format. Never by its description, which the server wrote to be
 * read by a model. The last word of a name decides: `file_content` is prose and never checked, `content_path` a path.
 */
export function kindsOf(name: string, format?: string): readonly ArgumentKind[] {
  const words = splitWords(name);
  const last = words.at(-1) ?? '';
  if (PROSE.has(last)) return NONE;
  const kinds = new Map<DangerKind, boolean>();
  for (const word of words) {
    for (const { kind, sure } of WORDS.get(word) ?? NONE) kinds.set(kind, sure || (kinds.get(kind) ?? false));
  }
  if (format === 'email' || format === 'idn-email') kinds.set('header', true);
  if (words.some((word) => NOT_A_FILE_PATH.has(word))) kinds.delete('path');
  return kinds.size === 0 ? NONE : [...kinds].map(([kind, sure]) => ({ kind, sure }));
}

const NONE: readonly ArgumentKind[] = [];

/** Words of `some_name`, `someName`, `Some-Name`, `HTTPHeader`, in lower case. */
function splitWords(name: string): readonly string[] {
  return name
    .slice(0, 256)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
}

/** Text that people read, or that is a program on purpose: any of the syntaxes may stand in it. */
const PROSE: ReadonlySet<string> = new Set(
  (
    'body text content contents message messages note notes description comment comments html markdown md prompt code ' +
    'snippet summary patch diff data payload script source document instructions reason explanation answer reply bio'
  ).split(' '),
);

/** `json_path` and the like are paths through something else than a file system. */
const NOT_A_FILE_PATH: ReadonlySet<string> = new Set(['json', 'xml', 'xpath', 'jsonpath', 'css', 'object', 'critical']);

const WORDS: ReadonlyMap<string, readonly ArgumentKind[]> = new Map(
  Object.entries({
    path: 'path paths pathname filepath filepaths filename filenames file files dir dirs directory directories folder folders cwd workdir',
    shell: 'command commands cmd cmds shell exec executable program cli argv',
    'shell?':
      'hostname host ip branch ref package container image path paths filepath filename file directory dir folder',
    sql: 'sql',
    'sql?': 'query queries statement statements where filter filters condition search q',
    header:
      'header headers subject to cc bcc from recipient recipients sender email emails mail cookie cookies referer referrer',
    'header?': 'address addresses',
    template: 'template templates subject title name label filename greeting format',
  })
    .flatMap(([label, words]) => words.split(' ').map((word) => ({ label, word })))
    .reduce((map, { label, word }) => {
      const sure = !label.endsWith('?');
      // the labels above are the kinds, with or without a question mark
      const kind = label.replace('?', '') as DangerKind;
      return map.set(word, [...(map.get(word) ?? NONE), { kind, sure }]);
    }, new Map<string, readonly ArgumentKind[]>()),
);
