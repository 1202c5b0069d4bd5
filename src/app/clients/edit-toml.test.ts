import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { editToml } from './edit-toml.ts';

const gateway = { command: 'chaperone', args: ['mcp', '--stdio'] };

describe('editToml', () => {
  it('takes out tables with their sub-tables and leaves every other byte', () => {
    const text = [
      'model = "o" # a comment',
      '',
      '# servers',
      '[mcp_servers.github]',
      'command = "npx"',
      '# cwd = "/old"',
      'args = [',
      '  "-y", # [not a header]',
      '  "pkg",',
      ']',
      '',
      '[mcp_servers.github.env]',
      'TOKEN = "x"',
      '',
      '# how to look',
      '[tui]',
      'theme   =   "dark"',
      '',
    ].join('\n');
    expect(
      editToml(text, [
        { path: ['mcp_servers', 'github'], value: undefined },
        { path: ['mcp_servers', 'chaperone'], value: gateway },
      ]),
    ).toBe(
      [
        'model = "o" # a comment',
        '',
        '# servers',
        '# how to look',
        '[tui]',
        'theme   =   "dark"',
        '',
        '[mcp_servers.chaperone]',
        'command = "chaperone"',
        'args = [ "mcp", "--stdio" ]',
        '',
      ].join('\n'),
    );
  });

  it('replaces a table where it stands', () => {
    const text = 'a = 1\n\n[mcp_servers.chaperone]\ncommand = "old"\n\n[z]\nb = 2\n';
    expect(editToml(text, [{ path: ['mcp_servers', 'chaperone'], value: gateway }])).toBe(
      'a = 1\n\n[mcp_servers.chaperone]\ncommand = "chaperone"\nargs = [ "mcp", "--stdio" ]\n\n[z]\nb = 2\n',
    );
  });

  it.each([
    ['inline tables', '[mcp_servers]\na = { command = "x", env = { K = "]" } }\nb = { command = "y" }\n'],
    ['dotted keys', 'mcp_servers.a.command = "x"\nmcp_servers.b.command = "y"\n'],
    ['quoted keys', '[mcp_servers."a"]\ncommand = "x"\n["mcp_servers".b]\ncommand = "y"\n'],
    ['Windows line ends', '[mcp_servers.a]\r\ncommand = "x"\r\n[mcp_servers.b]\r\ncommand = "y"\r\n'],
    ['no line end at the end', '[mcp_servers.b]\ncommand = "y"\n[mcp_servers.a]\ncommand = "x"'],
    [
      'strings over several lines',
      '[mcp_servers.a]\ncommand = """\n[mcp_servers.b]\n"""\n[mcp_servers.b]\ncommand = \'y\'\n',
    ],
    ['quotes before the closing ones', '[mcp_servers.a]\ncommand = """x""""\n[mcp_servers.b]\ncommand = "y"\n'],
    ['a byte order mark', '\uFEFF[mcp_servers.a]\ncommand = "x"\n[mcp_servers.b]\ncommand = "y"\n'],
  ])('understands %s', (_, text) => {
    const after = editToml(text, [
      { path: ['mcp_servers', 'a'], value: undefined },
      { path: ['mcp_servers', 'chaperone'], value: gateway },
    ]);
    expect(parse(after.replace(/^\uFEFF/, ''))).toEqual({ mcp_servers: { b: { command: 'y' }, chaperone: gateway } });
    if (text.includes('\r\n')) expect(after.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('leaves a text without edits as it is', () => {
    const piece = fc.constantFrom(
      '[a]\n',
      '[[b."c"]]\r\n',
      '\n',
      '# [x] "\n',
      'k = "]#"\n',
      "k.'l' = '''\n[x]\n'''\n",
      'k = [\n "[", # ]\n [1, 2],\n]\n',
      'k = { l = "}" }\n',
      'k = """a\\""" \n"""\n',
    );
    fc.assert(
      fc.property(fc.array(piece), fc.constantFrom('', 'k = 1', '# end'), (pieces, end) => {
        const text = pieces.join('') + end;
        expect(editToml(text, [])).toBe(text);
        expect(editToml(text, [{ path: ['mcp_servers', 'a'], value: undefined }])).toBe(text);
      }),
    );
  });
});
