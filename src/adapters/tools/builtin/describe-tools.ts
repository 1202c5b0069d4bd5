import type { JsonObject } from '../../../base/json.ts';
import { BUILTIN_SERVER, type BuiltinConfig } from '../../../model/builtin.ts';
import type { Tool } from '../../../model/tool.ts';
import type { CodeLanguage } from './builtin-options.ts';

const path: JsonObject = { type: 'string', description: 'Relative to the workspace, with `/`.' };

const change: JsonObject = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    change: { type: 'string', enum: ['added', 'changed', 'removed'] },
    bytes: { type: 'integer' },
    text: { type: 'string' },
  },
  required: ['path', 'change'],
  additionalProperties: false,
};

/** The tools there are, as the manifest has them. */
export function describeTools({ code, files, functions }: BuiltinConfig): readonly Tool[] {
  const languages = listLanguages(code);
  return [
    ...(languages.length === 0 ? [] : [describeRun(languages, functions)]),
    ...(files === 'none'
      ? []
      : [
          tool('files.list', 'Lists a folder of the workspace.', { path: { ...path, default: '.' } }, []),
          tool('files.read', 'Reads a text file of the workspace.', { path }, ['path']),
        ]),
    ...(files === 'write'
      ? [
          tool(
            'files.write',
            'Writes a text file of the workspace, in place of one that is there.',
            {
              path,
              text: { type: 'string' },
            },
            ['path', 'text'],
          ),
        ]
      : []),
  ];
}

export function listLanguages(code: BuiltinConfig['code']): readonly CodeLanguage[] {
  return (['js', 'python', 'shell', 'wasm'] as const).filter((language) => code?.[language] !== undefined);
}

function describeRun(languages: readonly CodeLanguage[], functions: readonly string[]): Tool {
  const calls =
    functions.length === 0
      ? ''
      : ` JavaScript can \`await tools.<server>.<tool>(arguments)\`: ${functions.join(', ')}.`;
  const modules = languages.includes('wasm')
    ? ' Code of `wasm` is a module of WASI preview 1 in base64, which imports those functions from `tools`.'
    : '';
  return {
    ...tool(
      'code.run',
      `Runs code in a sandbox without network that is gone afterwards, and returns what it printed.${calls}${modules}`,
      {
        language: { type: 'string', enum: [...languages] },
        code: { type: 'string' },
        input: { type: 'string', description: 'What the program reads on its standard input.' },
      },
      ['language', 'code'],
    ),
    outputSchema: {
      type: 'object',
      properties: {
        end: { type: 'string', enum: ['exit', 'signal', 'time', 'memory', 'output', 'cancelled'] },
        exitCode: { type: 'integer' },
        stdout: { type: 'string' },
        stderr: { type: 'string' },
        value: {},
        changes: { type: 'array', items: change },
        kept: { type: 'string', description: 'The folder of the store in which the changed files are kept.' },
      },
      required: ['end', 'exitCode', 'stdout', 'stderr', 'changes'],
      additionalProperties: false,
    },
  };
}

function tool(name: string, description: string, properties: JsonObject, required: readonly string[]): Tool {
  return {
    server: BUILTIN_SERVER,
    name,
    description,
    inputSchema: { type: 'object', properties, required: [...required], additionalProperties: false },
  };
}
