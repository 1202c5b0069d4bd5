import type { Language, Program } from '../../../ports/sandbox.ts';

/**
 * How each language starts: an interpreter that is up, waits for one line, and then runs the file that has been put
 * there meanwhile. So one that waits can be had at once. What follows the line is the program's own input.
 */
interface Start {
  readonly argv: readonly string[];
  readonly file: string;
}

const WAIT = {
  python:
    "import os,runpy,sys\nos.read(0,1)\nsys.path.insert(0,'/work')\nrunpy.run_path('/code/main.py',run_name='__main__')",
  js: "require('fs').readSync(0,Buffer.alloc(1),0,1);import('file:///code/main.mjs')",
  shell: 'read -r _; . /code/main.sh',
} as const;

export function startOf(language: Language, node: string): Start {
  switch (language) {
    case 'python':
      return { argv: ['/usr/bin/python3', '-I', '-B', '-c', WAIT.python], file: 'main.py' };
    case 'js':
      return { argv: [node, '--no-warnings', '-e', WAIT.js], file: 'main.mjs' };
    case 'shell':
      return { argv: ['/bin/sh', '-c', WAIT.shell], file: 'main.sh' };
  }
}

/** What starts for a program, and the code that is put there for it. Nothing for what this tier does not run. */
export function readStart(
  program: Program,
  node: string,
): { readonly argv: readonly string[]; readonly code?: { readonly file: string; readonly text: string } } | undefined {
  if (program.kind === 'command') return { argv: program.argv };
  if (program.kind === 'wasi') return undefined;
  const { argv, file } = startOf(program.language, node);
  return { argv, code: { file, text: program.source } };
}
