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
  'lookup',
  'fetch',
  'retrieve',
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

/**
 * Verbs that only compute or look something up if the rest of the name lets them do nothing else: `check_balance` looks,
 * `check_in` and `validate_ticket` change something.
 */
export const computeVerbs: ReadonlySet<string> = new Set(['check', 'calculate', 'compare', 'validate', 'count']);

/** What computing can be about, singular. The only last words, besides plurals after `count`, that leave it a read. */
export const observables: ReadonlySet<string> = new Set([
  ...['availability', 'status', 'balance', 'price', 'cost', 'fee', 'rate', 'tax', 'total', 'sum', 'average', 'ratio'],
  ...['difference', 'percentage', 'distance', 'duration', 'length', 'size', 'capacity', 'mileage', 'age', 'score'],
  ...['weather', 'forecast', 'temperature', 'eligibility', 'similarity', 'spelling', 'grammar', 'syntax', 'schema'],
  ...['format', 'version', 'health', 'quota', 'stock', 'inventory', 'checksum', 'hash'],
]);

/** Words that make another verb of the verb before them. */
export const particles: ReadonlySet<string> = new Set(['in', 'out', 'off', 'on', 'up', 'down', 'over', 'back', 'away']);

/** Words that say a read takes what it reads, or marks it as read: the next reader finds something else. */
export const markWords: ReadonlySet<string> = new Set([
  ...['unread', 'unseen', 'next', 'pop', 'claim', 'consume', 'dequeue', 'drain', 'poll', 'lease', 'ack', 'acknowledge'],
]);

/**
 * Other verbs that do something. A name that opens with one is a write as it is; they are listed so that none of them
 * is taken for a vendor's name, or for a noun after a verb that only computes.
 */
export const actionVerbs: ReadonlySet<string> = new Set([
  ...['accept', 'activate', 'adjust', 'alert', 'allocate', 'allow', 'alter', 'announce', 'assign', 'attach', 'ban'],
  ...['bind', 'block', 'book', 'boot', 'broadcast', 'build', 'bulk', 'call', 'capture', 'change', 'charge', 'clean'],
  ...['clone', 'close', 'comment', 'commit', 'complete', 'configure', 'confirm', 'convert', 'copy', 'cut', 'debit'],
  ...['decline', 'decrease', 'demote', 'deny', 'deposit', 'detach', 'dispatch', 'dismiss', 'dispute', 'do', 'donate'],
  ...['double', 'duplicate', 'email', 'emit', 'empty', 'end', 'enqueue', 'enroll', 'escalate', 'exchange', 'expire'],
  ...['export', 'extend', 'fire', 'fix', 'flag', 'flush', 'follow', 'force', 'format', 'fork', 'freeze', 'generate'],
  ...['give', 'handle', 'hide', 'hold', 'import', 'increase', 'increment', 'init', 'initialize', 'initiate', 'inject'],
  ...['issue', 'keep', 'kick', 'link', 'load', 'lock', 'log', 'mail', 'make', 'map', 'merge', 'message', 'migrate'],
  ...['mount', 'mute', 'note', 'notify', 'open', 'order', 'organize', 'override', 'park', 'pause', 'perform', 'pin'],
  ...[
    'place',
    'play',
    'plug',
    'populate',
    'post',
    'power',
    'prepare',
    'press',
    'print',
    'process',
    'promote',
    'propose',
  ],
  ...['provision', 'pull', 'push', 'queue', 'react', 'rebuild', 'record', 'recover', 'redeem', 'reduce', 'refresh'],
  ...['refund', 'register', 'reinstall', 'release', 'reload', 'renew', 'rent', 'reopen', 'reorder', 'repair', 'repeat'],
  ...['report', 'request', 'reschedule', 'reserve', 'resize', 'resolve', 'respond', 'restore', 'resume', 'retry'],
  ...['return', 'revert', 'rewrite', 'ride', 'ring', 'roll', 'rollback', 'rotate', 'route', 'run', 'schedule', 'score'],
  ...['seal', 'select', 'sell', 'settle', 'share', 'ship', 'sign', 'skip', 'snooze', 'sort', 'spawn', 'spend', 'split'],
  ...['squash', 'stage', 'start', 'stop', 'store', 'stream', 'suspend', 'swap', 'switch', 'sync', 'synchronize', 'tag'],
  ...['take', 'test', 'text', 'tip', 'toggle', 'touch', 'track', 'trade', 'train', 'transform', 'translate', 'trash'],
  ...[
    'abort',
    'acknowledge',
    'annul',
    'append',
    'arrange',
    'assess',
    'audit',
    'award',
    'backfill',
    'backup',
    'bill',
    'bounce',
    'bump',
  ],
  ...['burn', 'cast', 'chmod', 'chown', 'claim', 'classify', 'cleanup', 'collect', 'compact', 'compile', 'compress'],
  ...['consume', 'contact', 'crawl', 'dedupe', 'defer', 'delegate', 'deliver', 'delist', 'deprecate', 'deregister'],
  ...['disconnect', 'dim', 'discard', 'drain', 'dump', 'eject', 'elevate', 'encrypt', 'decrypt', 'evict', 'expand'],
  ...['expel', 'expose', 'fail', 'fill', 'finalize', 'finish', 'flip', 'fund', 'garble', 'go', 'halt', 'heal', 'hire'],
  ...['ignore', 'impersonate', 'incur', 'index', 'ingest', 'isolate', 'kickoff', 'label', 'lend', 'lift', 'liquidate'],
  ...['loan', 'lower', 'nuke', 'obliterate', 'offboard', 'onboard', 'override', 'page', 'persist', 'ping', 'prescribe'],
  ...['prune', 'quarantine', 'quote', 'raise', 'reassign', 'reboot', 'recall', 'recreate', 'recycle', 'reindex'],
  ...['reimburse', 'reinstate', 'relocate', 'remit', 'repay', 'replay', 'reprocess', 'requeue', 'rerun', 'resend'],
  ...[
    'reverse',
    'rewind',
    'sanitize',
    'scale',
    'scrap',
    'scrub',
    'seed',
    'shred',
    'shrink',
    'shut',
    'silence',
    'strip',
  ],
  ...['snapshot', 'stash', 'supersede', 'suppress', 'teardown', 'terminate', 'tick', 'transition', 'unban', 'uncheck'],
  ...['unenroll', 'unmount', 'unmute', 'unpublish', 'unregister', 'unset', 'untag', 'upgrade', 'downgrade', 'vacuum'],
  ...['waive', 'whitelist', 'blacklist', 'allowlist', 'wind', 'yank', 'zero'],
  ...['tune', 'turn', 'type', 'unarchive', 'unassign', 'unblock', 'undo', 'unfollow', 'uninstall', 'unlink', 'unpin'],
  ...['unshare', 'use', 'verify', 'void', 'vote', 'wait', 'wake', 'warn', 'watch', 'wire', 'withhold', 'work', 'zip'],
]);

/** Verbs that are nouns as often: before a word like `status` they name whose it is. */
export const nounVerbs: ReadonlySet<string> = new Set([
  ...['order', 'run', 'report', 'record', 'message', 'mail', 'email', 'request', 'schedule', 'route', 'queue', 'build'],
  ...[
    'release',
    'test',
    'trade',
    'rent',
    'exchange',
    'note',
    'comment',
    'issue',
    'text',
    'log',
    'link',
    'tag',
    'alert',
  ],
  ...[
    'score',
    'quote',
    'contact',
    'page',
    'label',
    'bill',
    'claim',
    'loan',
    'audit',
    'snapshot',
    'index',
    'backup',
    'book',
  ],
]);

/** Write words that are nouns as well: leave that is taken, a transfer, an invite. */
export const modifiers: ReadonlySet<string> = new Set(['leave', 'transfer', 'invite']);

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
