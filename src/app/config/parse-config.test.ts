import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../base/fault.ts';
import { manifestSchema } from '../../model/manifest.ts';
import { ConfigFault, printProblem } from './config-problem.ts';
import { type ParsedConfig, parseConfig } from './parse-config.ts';

const SHA512 = `sha512-${'A'.repeat(86)}==`;
const SHA256 = `sha256:${'0'.repeat(64)}`;

function parse(text: string): ParsedConfig {
  return parseConfig(text, 'chaperone.yaml');
}

function problemsOf(text: string): string[] {
  try {
    return parse(text).warnings.map(printProblem);
  } catch (error) {
    if (error instanceof ConfigFault) return error.message.split('\n');
    throw error;
  }
}

const TAG = 'found a tag (`!…`); tags are not used here: remove it, or put a text that begins so in quotes';
const KEYS = Object.keys(manifestSchema.shape).map((key) => `\`${key}\``);
const CRM = 'version: 1\nservers: { m: { url: "https://m" }, crm: { url: "https://c" } }\n';

/** Each: what is written, and all that is said about it, without the file's name. */
const golden: readonly (readonly [name: string, text: string, expected: readonly string[]])[] = [
  // the text itself
  ['an empty file', '', ['1:1: this file says nothing, expected at least `version: 1`']],
  ['a comment alone', '# nothing\n', ['1:1: this file says nothing, expected at least `version: 1`']],
  ['a list', '- 1', ['1:1: this is a list, expected a mapping']],
  ['a tab', 'version: 1\nlisten:\n\tport: 1\n', ['3:1: found a tab as indentation, expected spaces']],
  ['an unclosed quote', 'version: 1\ndata: "x\n', ['3:1: a closing quote is missing']],
  [
    'an unclosed bracket',
    'version: 1\npolicies: [a\nmode: observe\n',
    ['3:1: this is indented too little, or a `]` or `}` is missing before it'],
  ],
  [
    'a colon in plain text',
    'version: 1\ndata: a: b\n',
    ['2:7: found a second `:` or a deeper indentation than the line before; put the value in quotes, or align the key'],
  ],
  ['reserved characters', 'version: 1\ndata: @x\n', ['2:7: text that starts with this character has to be in quotes']],
  ['two documents', 'version: 1\n---\nversion: 1\n', ['2:1: found a second document (`---`), expected one']],
  ['another YAML', '%YAML 1.1\n---\nversion: 1\n', ['1:1: found `%YAML 1.1`, expected YAML 1.2; remove the line']],
  ['a tag', 'version: !!int 1\n', [`1:16: ${TAG}`]],
  ['a custom tag', 'version: 1\ndata: !env HOME\n', [`2:12: ${TAG}`]],
  [
    'a duplicate key',
    'version: 1\nmode: observe\nmode: enforce\n',
    ['3:1: the key `mode` is already there; a second one would hide the first'],
  ],
  [
    'a tool declared twice',
    'version: 1\nservers: { m: { url: "https://m" } }\ntools:\n  m/send: {}\n  "m/send": {}\n',
    ['5:3: the key `m/send` is already there; a second one would hide the first'],
  ],
  ['a key that is a number', 'version: 1\n5: x\n', ['2:1: found the key 5, expected text; write it in quotes: "5"']],
  ['a key that is a list', 'version: 1\n[a]: x\n', ['2:1: found a key that is not text']],
  ['__proto__', 'version: 1\n__proto__: {}\n', ['2:1: the key `__proto__` is not accepted']],
  [
    'a merge key',
    'version: 1\nlisten:\n  <<: { port: 1 }\n',
    ['3:3: merge keys (`<<`) are not used here; write the entries out'],
  ],
  [
    'an unknown alias',
    'version: 1\ndata: *x\n',
    ['2:7: found an alias (`*…`) of nothing that stands before it; a text that begins so has to be in quotes'],
  ],
  ['an alias of itself', 'version: 1\npolicies: &x [*x]\n', ['2:15: this alias (`*…`) contains itself']],
  [
    'a date too far away',
    'version: 1\napprovals: { timeout: 200000000d }\n',
    ['2:23: `timeout` is `200000000d`, expected a duration of up to `36500d`'],
  ],
  [
    'text turned round',
    'version: 1\ndata: "a\u202eb"\n',
    ['2:9: found the invisible character U+202E, which can make text look like other text; remove it'],
  ],
  [
    'half a character',
    'version: 1\ndata: "\\ud800"\n',
    ['2:7: found half of a surrogate pair, expected whole characters'],
  ],
  [
    'infinity',
    'version: 1\nlisten: { port: .inf }\n',
    ['2:17: found `Infinity`, expected a finite number; quote it if it is text'],
  ],

  // keys and values
  ['a missing version', 'mode: observe\n', ['1:1: `version` is missing; expected `1`']],
  ['a later version', 'version: 2\n', ['1:10: `version` is the number 2, expected `1`']],
  [
    'of several runs what means something of one only',
    'version: 1\nbudgets:\n  tenant: { depth: 3 }\n  user: { time: 1h }\nagents:\n  a: { budget: { allRuns: { fanOut: 2 } } }\n',
    [
      '3:13: unknown key `depth` here: how deep runs may be started from a run is said of runs, under `budgets.run` or `budget` of an agent',
      '4:11: unknown key `time` here: how long all calls may take together is `callTime`; how long a run lives is said of runs, under `budgets.run` or `budget` of an agent',
      '6:29: unknown key `fanOut` here: how many runs may be started from a run is said of runs, under `budgets.run` or `budget` of an agent',
    ],
  ],
  ['a misspelt key', 'version: 1\nagnets: {}\n', ['2:1: unknown key `agnets`; did you mean `agents`?']],
  [
    'an unknown key',
    'version: 1\nlisten: { colour: red }\n',
    ['2:11: unknown key `colour`, expected `host`, `port`, `tls` or `names`'],
  ],
  [
    'a misspelt choice',
    'version: 1\nmode: enfroce\n',
    ['2:7: `mode` is `enfroce`, expected `enforce`, `provisional` or `observe`; did you mean `enforce`?'],
  ],
  ['text that is a number', 'version: 1\ndata: 5\n', ['2:7: `data` is the number 5, expected text; put it in quotes']],
  [
    'a number out of range',
    'version: 1\nlisten: { port: 70000 }\n',
    ['2:17: `port` is the number 70000, expected at most 65535'],
  ],
  ['a number that is text', 'version: 1\nlisten: { port: "80" }\n', ['2:17: `port` is `80`, expected a number']],
  ['a fraction', 'version: 1\nlisten: { port: 1.5 }\n', ['2:17: `port` is the number 1.5, expected a whole number']],
  [
    'a duration in words',
    'version: 1\nruns: { lifetime: 1 hour }\n',
    ['2:19: `lifetime` is `1 hour`, expected a duration such as `500ms`, `30s`, `15m`, `8h` or `180d`'],
  ],
  [
    'a bare text for a list',
    'version: 1\npolicies: a.cedar\n',
    ['2:11: `policies` is `a.cedar`, expected a list; write `[…]` around it'],
  ],
  [
    'an empty mapping left out',
    'version: 1\nagents:\n',
    ['2:8: `agents` is nothing, expected a mapping; write `{}` for an empty one'],
  ],
  [
    'a list entry',
    'version: 1\npolicies: [a, 2]\n',
    ['2:15: entry 2 of `policies` is the number 2, expected text; put it in quotes'],
  ],
  [
    'an agent’s name',
    'version: 1\nagents: { "a b": {} }\n',
    ['2:11: found the key `a b`, expected letters, digits, `.`, `_` and `-` only'],
  ],
  ['no text', 'version: 1\ndata: ""\n', ['2:7: `data` is empty text, expected some text']],

  // servers
  [
    'a server of no kind',
    'version: 1\nservers:\n  m: { args: [] }\n',
    ['3:3: server `m` does not say what it is; expected exactly one of `package`, `command` and `url`'],
  ],
  [
    'a server of two kinds',
    'version: 1\nservers:\n  m: { package: a@1.0.0, url: "https://m" }\n',
    ['3:3: server `m` has `package` and `url`; expected exactly one of `package`, `command` and `url`'],
  ],
  [
    'a misspelt kind',
    'version: 1\nservers:\n  m: { ulr: "https://m" }\n',
    ['3:8: unknown key `ulr`; did you mean `url`?'],
  ],
  [
    'a container image',
    'version: 1\nservers:\n  m: { image: "m@sha256:0" }\n',
    [
      '3:8: servers from container images are not supported by this version; expected exactly one of `package`, `command` and `url`',
    ],
  ],
  [
    'a server that is text',
    'version: 1\nservers:\n  m: npx\n',
    ['3:6: `m` is `npx`, expected a mapping with exactly one of `package`, `command` and `url`'],
  ],
  [
    'a package without integrity',
    'version: 1\nservers:\n  m: { package: a@1.0.0 }\n',
    [
      '3:3: `integrity` is missing; expected the integrity of the package’s archive, as the registry and lock files write it',
    ],
  ],
  [
    'a floating version',
    `version: 1\nservers:\n  m: { package: a@latest, integrity: ${SHA512} }\n`,
    ['3:17: `package` is `a@latest`, expected a package with an exact version, `name@1.2.3`'],
  ],
  [
    'a key of another kind',
    'version: 1\nservers:\n  m: { url: "https://m", args: [] }\n',
    ['3:26: unknown key `args`, expected `url`, `headers` or `timeout`'],
  ],
  [
    'another protocol',
    'version: 1\nservers:\n  m: { url: "ftp://m" }\n',
    ['3:13: `url` is text, expected an `https://` or `http://` address'],
  ],
  [
    'credentials in an address',
    'version: 1\nservers:\n  m: { url: "https://u:hunter2@m" }\n',
    ['3:8: the address holds credentials; give them by reference in `headers`'],
  ],
  [
    'a credential that is asked for with another one',
    'version: 1\ncredentials:\n  a: { kind: vault, url: "https://v", path: x, login: b }\n  b: { kind: vault, url: "https://v", path: x, login: c }\n',
    ['3:48: `login` names one of kind `vault`, expected one that is kept or in the environment'],
  ],
  [
    'credentials in the open, and two of one name',
    'version: 1\ncredentials:\n  a: { kind: vault, url: "http://v", path: x, login: b }\n  A: {}\n',
    [
      '3:21: a secret would travel unencrypted to another machine; use `https://`',
      '4:3: `A` and `a` are one name: a placeholder does not tell them apart',
    ],
  ],
  [
    'credentials that lack something, or live too short',
    'version: 1\ncredentials:\n  a: { kind: doppler, project: x, login: b }\n  k: { kind: kubernetes, url: "https://k", namespace: n, secret: s, login: b, lifetime: 5m }\n',
    [
      '3:6: `a` is a mapping, expected one of kind `doppler` with `project`, `config`, `secret`, `login`',
      '4:79: `lifetime` is 5m, expected 10m or more',
    ],
  ],
  [
    'a planner on this machine',
    'version: 1\nplanner: { kind: openai, url: "http://127.0.0.1:8000/v1", model: m, timeout: 60s }\n',
    [],
  ],
  [
    'a planner whose key is written down',
    'version: 1\nplanner: { kind: openai, url: "https://m", model: m, key: hunter2 }\n',
    ['2:59: `key` is text, expected a mapping'],
  ],
  [
    'a planner that a run would wait for too long, of a kind there is not',
    'version: 1\nplanner: { kind: OpenAI, url: "https://m", model: m, timeout: 61s }\n',
    [
      '2:18: `kind` is `OpenAI`, expected `openai` or `anthropic`; did you mean `openai`?',
      '2:63: `timeout` is `61s`, expected a duration of up to `60s`',
    ],
  ],
  [
    'a planner in the open, with credentials in its address',
    'version: 1\nplanner: { kind: anthropic, url: "http://u:hunter2@m", model: m }\n',
    [
      '2:29: the address holds credentials; give them by reference in `key`',
      '2:29: the prompt would travel unencrypted to another machine; use `https://`',
    ],
  ],
  [
    'a digest without files is fine, files without a digest are not',
    `version: 1\nservers:\n  a: { command: a, digest: "${SHA256}" }\n  b: { command: b, files: [x] }\n`,
    ['4:20: `files` are named but there is no `digest` of them; `chaperone servers pin` prints it'],
  ],
  [
    'a secret that is no reference, and is not repeated',
    `version: 1\nservers:\n  m: { url: "https://m", headers: { A: { secret: hunter2 } } }\n`,
    ['3:50: `secret` is text, expected `env:NAME`, `file:/path` or `cred:NAME`'],
  ],
  [
    'a number in the environment',
    `version: 1\nservers:\n  m: { command: m, digest: "${SHA256}", env: { A: 5 } }\n`,
    ['3:113: `A` is a number, expected text or `{ secret: env:NAME }`'],
  ],
  [
    'an assignment for a name, which is not repeated',
    'version: 1\nservers:\n  m: { url: "https://m", headers: { "Key: hunter2": "" } }\n',
    ['3:37: found this key, expected the name of an HTTP header'],
  ],
  [
    'two names that look alike',
    'version: 1\nservers:\n  m: { url: "https://m" }\n  M: { url: "https://m" }\n',
    ['4:3: `M` and `m` differ in upper and lower case only'],
  ],

  // warnings
  [
    'a floating npx',
    'version: 1\nservers:\n  m: { command: npx, args: [-y, "@acme/mail"] }\n',
    [
      '3:8: warning: this fetches a package at each start and runs what comes; write `package: "@acme/mail@<version>"` and its `integrity` instead',
    ],
  ],
  [
    'an unpinned program',
    'version: 1\nservers:\n  m: { command: ./serve }\n',
    [
      '3:8: warning: this program is not pinned, so nobody notices when it changes; `chaperone servers pin` prints a `digest`',
    ],
  ],
  [
    'a literal secret',
    'version: 1\nservers:\n  m: { url: "https://m", headers: { X-Api-Key: hunter2hunter2 } }\n',
    [
      '3:48: warning: `X-Api-Key` looks like a secret; write `{ secret: env:X_API_KEY }` and keep the value out of this file',
    ],
  ],

  // references
  [
    'a server that is not there',
    'version: 1\nservers: { mail: { url: "https://m" } }\ntools: { mial/send: {} }\n',
    ['3:10: `mial/send` names the server `mial`, which is not configured; did you mean `mail`?'],
  ],
  [
    'a grant to a server that is not there',
    'version: 1\nagents: { a: { tools: { "mail/*": {} } } }\n',
    ['2:25: `mail/*` names the server `mail`, which is not configured'],
  ],
  [
    'a misspelt denial',
    'version: 1\nservers: { mail: { url: "https://m" } }\nagents: { a: { deny: [mial/*] } }\n',
    ['3:23: `mial/*` names the server `mial`, which is not configured; did you mean `mail`?'],
  ],
  [
    'a denial of what is to come',
    'version: 1\nagents: { a: { deny: [billing/*] } }\n',
    ['2:23: warning: `billing/*` names the server `billing`, which is not configured'],
  ],
  [
    'a tool almost declared',
    'version: 1\nservers: { m: { url: "https://m" } }\ntools: { m/send: {} }\nagents: { a: { tools: { m/sned: {} } } }\n',
    ['4:25: warning: `m/sned` is not declared under `tools`; did you mean `m/send`?'],
  ],
  [
    'enforce with a tool half declared and one not at all',
    'version: 1\nmode: enforce\nservers: { m: { url: "https://m" } }\ntools: { m/send: { effect: write } }\nagents: { a: { tools: { m/read: {} } } }\n',
    [
      '4:10: mode `enforce` requires `consequence` of every tool, and `m/send` has none',
      '5:25: mode `enforce` requires every granted tool under `tools`, and `m/read` is not there',
    ],
  ],
  [
    'enforce with a program that is not pinned',
    'version: 1\nmode: enforce\nservers: { m: { command: m } }\n',
    [
      '3:17: mode `enforce` starts pinned programs only; add `files` and `digest`, as `chaperone servers pin` prints them',
    ],
  ],
  [
    'a range turned round',
    'version: 1\nservers: { m: { url: "https://m" } }\ntools: { m/x: { arguments: { n: { min: 5, max: 1 } } } }\n',
    ['3:35: `min` of `n` is 5, expected no more than `max`, 1'],
  ],
  // where values come from, and what follows what
  [
    'misspelt keys of an argument',
    `${CRM}tools:\n  m/send:\n    arguments:\n      to: { protectd: true, carries: recipients, from: crm/search.email }\n`,
    [
      '6:13: unknown key `protectd`; did you mean `protected`?',
      '6:38: `carries` is `recipients`, expected `destination`, `recipient`, `authority` or `data`; did you mean `recipient`?',
      '6:56: `from` is `crm/search.email`, expected a list; write `[…]` around it',
    ],
  ],
  [
    'origins that are none',
    `${CRM}tools:\n  m/send:\n    arguments:\n      to: { from: [crm/search, crn/search.email] }\n`,
    [
      '6:20: entry 1 of `from` is `crm/search`, expected `server/tool.field`',
      '6:32: `crn/search.email` names the server `crn`, which is not configured; did you mean `crm`?',
    ],
  ],
  [
    'an origin almost declared',
    `${CRM}tools:\n  crm/search: {}\n  m/send:\n    arguments:\n      to: { from: [crm/serach.email] }\n`,
    ['7:20: warning: `crm/serach` is not declared under `tools`; did you mean `crm/search`?'],
  ],
  [
    'an audience that is not looked at',
    `${CRM}tools:\n  m/send:\n    audience: to\n    arguments:\n      to: { protected: false, carries: data }\n`,
    [
      '5:5: `to` says who gets what is sent, and is declared `protected: false`',
      '5:5: `to` says who gets what is sent, and is declared `carries: data`',
      '7:31: `to` is `protected: false`, so what it carries is not looked at; leave one out',
    ],
  ],
  [
    'an origin that does not matter',
    `${CRM}tools:\n  m/send:\n    arguments:\n      to: { protected: false, from: [crm/a.b] }\n`,
    ['6:31: `from` says where values of `to` come from, and `protected: false` that it does not matter'],
  ],
  [
    'content that may not come from anywhere',
    `${CRM}tools:\n  m/send:\n    arguments:\n      to: { protected: true, carries: data }\n      cc: { carries: data, from: [crm/a.b] }\n`,
    [
      '6:30: content may come from anywhere, and `protected: true` says that `to` may not; leave one out',
      '7:13: content may come from anywhere, and `from` says that `cc` may not; leave one out',
    ],
  ],
  [
    'protection in a grant',
    `${CRM}agents: { a: { tools: { m/x: { arguments: { to: { from: [crm/a.b] } } } } } }\n`,
    [
      '3:51: unknown key `from`, expected `allow`, `deny`, `pattern`, `min`, `max`, `maxLength`, `maxItems`, `directories`, `hosts`, `is` or `permits`',
    ],
  ],
  [
    'flows to nowhere',
    `${CRM}flows:\n  - { from: payroll/*, to: outside }\n  - { from: crm/*, to: crn/x, then: refuse }\n  - { from: crm/*, to: outsde }\n`,
    [
      '4:7: `payroll/*` names the server `payroll`, which is not configured',
      '5:20: `crn/x` names the server `crn`, which is not configured; did you mean `crm`?',
      '5:37: `then` is `refuse`, expected `deny` or `ask`',
      '6:24: `to` is `outsde`, expected `outside`, `write`, `server/tool` or `server/*`',
    ],
  ],
  [
    'a flow written twice',
    `${CRM}flows:\n  - { from: crm/*, to: write }\n  - { from: crm/*, to: write, then: ask }\n`,
    ['5:5: an entry above says what follows the same reading; keep one of them'],
  ],
  [
    'domains that are none, or everybody’s',
    'version: 1\norganisation: { domains: [Company.com, gmail.com, a.com, a.com, "*.b.com", "*.com"] }\n',
    [
      '2:27: entry 1 of `domains` is `Company.com`, expected a domain in lower case, `company.com` or `*.company.com`',
      '2:40: anybody can have an address at `gmail.com`, so nobody there is inside',
      '2:58: this domain is already in the list',
      '2:76: entry 6 of `domains` is `*.com`, expected a domain in lower case, `company.com` or `*.company.com`',
    ],
  ],
  [
    'a fact that is nearly a typed one',
    `${CRM}users: { attributes: { level: Long } }\nagents: { a: { tools: { m/x: { arguments: { d: { is: user.attributes.levle } } } } } }\n`,
    ['4:50: warning: `levle` is not among `users.attributes`; did you mean `level`?'],
  ],
  [
    'a type of no fact',
    'version: 1\nusers: { attributes: { department: string } }\n',
    ['2:36: `department` is `string`, expected `String`, `Long` or `Boolean`; did you mean `String`?'],
  ],
  [
    'a tool to read back with that is misspelt',
    `${CRM}tools: { m/get_deal: {}, m/set_deal: { verify: { call: m/get_dael, expect: { a: 1 } } } }\n`,
    ['3:56: `m/get_dael` is not declared under `tools`; did you mean `m/get_deal`?'],
  ],
  [
    'tools to read back with and to use instead that nobody declared, and one that writes',
    `${CRM}tools:\n  m/set: { effect: write, verify: { call: m/elsewhere, expect: { a: 1 } }, onFailure: retry 2 then use m/other }\n  m/put: { verify: { call: m/set, expect: { a: 1 } } }\n`,
    [
      '4:43: `m/elsewhere` is not declared under `tools`',
      '4:87: `m/other` is not declared under `tools`',
      '5:28: `m/set` is declared to write; what is looked at with has to read',
    ],
  ],
  [
    'a kept answer for what may write',
    `${CRM}tools: { m/set: { effect: write, onFailure: retry 2 then cached }, m/get: { effect: read, onFailure: cached }, m/do: { onFailure: cached } }\n`,
    [
      '3:45: `cached` is for a tool that is declared `effect: read`: an earlier write says nothing of one that failed',
      '3:131: `cached` is for a tool that is declared `effect: read`: an earlier write says nothing of one that failed',
    ],
  ],
  [
    'a tool to use instead whose server is misspelt, and one that is itself',
    `${CRM}tools: { m/get: { onFailure: retry 2 then use mm/get }, m/set: { onFailure: use m/set } }\n`,
    [
      '3:19: `mm/get` names the server `mm`, which is not configured; did you mean `m`?',
      '3:77: `use m/set` is the tool itself; `retry` makes it again',
    ],
  ],
  ['a policy listed twice', 'version: 1\npolicies: [a, a]\n', ['2:15: this file is already in the list']],
  [
    'several at once, sorted, errors first',
    'version: 1\nservers: { m: { command: m } }\nzzz: 1\nmode: never\n',
    [
      `3:1: unknown key \`zzz\`, expected ${KEYS.slice(0, -1).join(', ')} or ${KEYS.at(-1)}`,
      '4:7: `mode` is `never`, expected `enforce`, `provisional` or `observe`',
      '2:17: warning: this program is not pinned, so nobody notices when it changes; `chaperone servers pin` prints a `digest`',
    ],
  ],
];

describe('what is said about a wrong configuration', () => {
  it.each(golden)('%s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected.map((line) => `chaperone.yaml:${line}`));
  });

  it('prints a bounded list and says how many more there are', () => {
    const text = `version: 1\n${Array.from({ length: 80 }, (_, index) => `key${index}x: 1\n`).join('')}`;
    expect(problemsOf(text)).toHaveLength(51);
    expect(problemsOf(text).at(-1)).toBe('and 30 more');
  });
});

describe('what is understood', () => {
  const text = `# a comment
version: 1
servers:
  mail: { package: "@acme/mail@1.4.2", integrity: ${SHA512}, env: { KEY: { secret: env:MAIL_KEY } } }
  crm: { url: "https://crm.internal/mcp", timeout: 30s }
tools:
  mail/send: &send { effect: write, consequence: medium, arguments: { to: { allow: ["*@company.com"] } } }
  mail/draft: *send
agents:
  support:
    tools:
      mail/send: { approval: required }
      crm/*: {}
    deny: [mail/delete, crm/drop]
`;

  it('parses, fills in defaults and expands aliases', () => {
    const { manifest, warnings } = parse(text);
    expect(warnings).toEqual([]);
    expect(manifest).toMatchObject({
      mode: 'provisional',
      listen: { host: '127.0.0.1', port: 7070 },
      servers: { crm: { timeout: 30_000 } },
      tools: { 'mail/draft': { effect: 'write', arguments: { to: { allow: ['*@company.com'] } } } },
      approvals: { timeout: 900_000 },
    });
  });

  it.each([
    [['agents', 'support', 'tools', 'crm/*'], '13:7'],
    [['agents', 'support', 'deny', 1], '14:25'],
    [['tools', 'mail/send', 'arguments', 'to', 'allow', 0], '7:85'],
    [['tools', 'mail/draft', 'effect'], '8:3'], // an alias: where it is used
    [['mode'], '2:1'], // not written: the nearest thing above
    [[], '2:1'],
  ] as const)('knows where %j is written', (path, expected) => {
    const { file, line, column } = parse(text).place(path);
    expect(`${file}:${line}:${column}`).toBe(`chaperone.yaml:${expected}`);
  });

  it('lets tools name the servers a host application provides', () => {
    const own = 'version: 1\ntools: { app/send: {} }\n';
    expect(() => parse(own)).toThrow(/not configured/);
    expect(parseConfig(own, 'x', { hostServers: ['app'] }).warnings).toEqual([]);
    const taken = `${own}servers: { app: { url: "https://m" } }\n`;
    expect(() => parseConfig(taken, 'x', { hostServers: ['app'] })).toThrow(/^x:3:12: the name `app` is kept/);
  });

  it('takes JSON', () => {
    expect(parse('{"version": 1, "agents": {"a": {"deny": ["*"]}}}').manifest.agents['a']?.deny).toEqual(['*']);
  });

  it('gives a manifest that cannot be changed and has no names but those written', () => {
    const { manifest } = parse('version: 1\nagents: { a: {} }\n');
    expect(manifest.agents['constructor']).toBeUndefined();
    expect(() => Object.assign(manifest.agents, { b: {} })).toThrow(TypeError);
  });
});

describe('hostile text', () => {
  it.each([
    ['deep lists', `version: 1\ndata: ${'['.repeat(50_000)}`],
    ['deep mappings', `${'{a: '.repeat(20_000)}`],
    ['deep but closed', `version: 1\ndata: ${'['.repeat(100)}${']'.repeat(100)}`],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((key, index) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[index]}`)}]`).join('\n')}`,
    ],
    ['many aliases', `a: &a 1\nb: [${Array(2_000).fill('*a')}]`],
    ['many values', `a: &a [${'1,'.repeat(1_000)}]\nb: [${Array(300).fill('*a')}]`],
    ['many problems', '"'.repeat(2_000)],
  ])(
    '%s end in E_CONFIG, quickly',
    (_, text) => {
      expect(() => parse(text)).toThrow(Fault);
    },
    10_000,
  );

  // Texts made of what YAML gives a meaning to.
  const signs = [
    '{',
    '}',
    '[',
    ']',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '\n    ',
    '\t',
    '"',
    "'",
    '|',
    '>',
    '#',
    '? ',
    '---\n',
    '<<',
  ];
  const words =
    'servers: tools: agents: package url command env secret &a *a !!str %YAML __proto__ null .nan -0 1e999 m/x';
  const fragment = fc.constantFrom('version: 1\n', '\u202e', '\ud800', ...signs, ...words.split(' '));

  // Manifests with the right keys and any values below them, the names that objects have by themselves included.
  const keys =
    'package command url image args env headers files digest tools deny arguments allow min max effect fields m m/x flows from to then protected carries yields audience users organisation domains';
  const key = fc.constantFrom('a b', 'constructor', 'toString', 'secret', ...keys.split(' '));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 5, -1.5, '', 'x', 'm/x', '*', 'env:A', 'https://m', 'npx'),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  }));
  const manifest = fc.record(
    {
      version: fc.constant(1),
      mode: fc.constantFrom('enforce', 'observe', 1),
      servers: fc.oneof(value, fc.dictionary(fc.constantFrom('m', 'M'), value)),
      tools: fc.oneof(value, fc.dictionary(fc.constantFrom('m/x', 'm/y'), value)),
      agents: fc.oneof(value, fc.dictionary(fc.constantFrom('a', 'A'), value)),
      policies: value,
      listen: value,
    },
    { requiredKeys: ['version'] },
  );

  const text = fc.oneof(
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join('')),
    manifest.map((written) => JSON.stringify(written)),
    manifest.map((written) => JSON.stringify(written, null, 2)),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => new TextDecoder('latin1').decode(bytes)),
  );
  it('gives a manifest or E_CONFIG with places inside the text, whatever it is', () => {
    fc.assert(
      fc.property(text, (written) => {
        const lines = written.split('\n').length;
        try {
          parse(written);
        } catch (error) {
          if (!(error instanceof ConfigFault)) throw error;
          expect(error.code).toBe('E_CONFIG');
          expect(error.problems.some((problem) => problem.severity === 'error')).toBe(true);
          for (const { place } of error.problems) {
            expect(place.line >= 1 && place.line <= lines && place.column >= 1).toBe(true);
          }
        }
      }),
      { numRuns: 800 },
    );
  });
});
