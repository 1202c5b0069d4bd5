/**
 * The verbs that inference knows. A tool is a read only if its name opens with one of `readVerbs`; a verb that is in
 * no table makes a write. So a word left out of a table costs a question, never an effect that nobody allowed.
 */

/** Verbs that only look. Kept tiny: each one is trusted wherever it opens a tool's name. */
export const readVerbs: ReadonlySet<string> = new Set([
  'get',
  'list',
  'read',
  'search',
  'find',
  'show',
  'view',
  'describe',
  'count',
  'lookup',
  'fetch',
]);

/**
 * Words that make a tool a write wherever they stand in its name, its flags or its actions: verbs that are hardly
 * ever nouns (`get_or_create`, `find_and_replace`), and what starts or moves a session (`get_session`, `read_login`).
 */
export const writeWords: ReadonlySet<string> = new Set([
  ...['create', 'delete', 'remove', 'add', 'append', 'insert', 'update', 'upsert', 'write', 'edit', 'modify', 'set'],
  ...['replace', 'rename', 'move', 'send', 'reply', 'forward', 'publish', 'upload', 'save', 'mark', 'reset', 'clear'],
  ...['purge', 'erase', 'destroy', 'wipe', 'drop', 'truncate', 'overwrite', 'archive', 'cancel', 'revoke', 'grant'],
  ...['pay', 'buy', 'transfer', 'withdraw', 'approve', 'reject', 'enable', 'disable', 'unlock', 'apply', 'submit'],
  ...['execute', 'exec', 'eval', 'invoke', 'trigger', 'launch', 'install', 'deploy', 'restart', 'shutdown', 'kill'],
  ...['manage', 'subscribe', 'unsubscribe', 'invite', 'join', 'leave', 'put', 'patch'],
  ...['session', 'login', 'logon', 'logout', 'signin', 'signup', 'authenticate', 'authorize', 'connect'],
  ...['download', 'navigate', 'goto', 'browse', 'click', 'checkout'],
]);

/** Words that join two verbs: what follows must be a read verb too. */
export const conjunctions: ReadonlySet<string> = new Set(['and', 'or', 'then']);

/** Verbs whose worst use adds something that can be taken away again. The only inferred writes below `high`. */
export const additiveVerbs: ReadonlySet<string> = new Set([
  'create',
  'add',
  'append',
  'draft',
  'save',
  'star',
  'bookmark',
]);

/** Words, singular, in a read's name that say its result is worth stealing. */
export const secretWords: ReadonlySet<string> = new Set([
  ...['password', 'passwd', 'passphrase', 'secret', 'credential', 'token', 'otp', 'mfa', 'totp', 'apikey', 'keychain'],
  ...['vault', 'env', 'cookie'],
]);

/** Words, singular, in a write's name that say money, access, people, code or machines are at stake. */
export const graveWords: ReadonlySet<string> = new Set([
  ...secretWords,
  ...['money', 'payment', 'transaction', 'invoice', 'order', 'bank', 'account', 'card', 'trade', 'wallet', 'payee'],
  ...['user', 'member', 'role', 'permission', 'access', 'policy', 'rule', 'key', 'webhook', 'hook', 'filter', 'share'],
  ...['link', 'participant', 'attendee', 'guest', 'job', 'task', 'workflow', 'script', 'command', 'function', 'code'],
  ...['schedule', 'server', 'instance', 'record', 'dns', 'domain', 'release', 'branch', 'repository', 'database'],
  ...['table', 'file', 'directory', 'folder', 'memory', 'entity', 'relation', 'observation', 'config', 'setting'],
]);

/** Whether a table of singular words holds the word or its singular. */
export function holdsWord(table: ReadonlySet<string>, word: string): boolean {
  return table.has(word) || singulars(word).some((form) => table.has(form));
}

/** What a plural, or a verb with `s`, may be a form of: `entries` → `entrie`, `entri`, `entry`. One of them is a word. */
export function singulars(word: string): string[] {
  return word.endsWith('s') ? [word.slice(0, -1), word.replace(/es$/, ''), word.replace(/ies$/, 'y')] : [];
}
