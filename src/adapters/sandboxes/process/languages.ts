import type { Language, Program } from '../../../ports/sandbox.ts';

/** What starts in a sandbox, and the file of code that it runs when it is told to. */
export interface Start {
  readonly argv: readonly string[];
  readonly code?: { readonly file: string };
}

/**
 * How each language starts: an interpreter that is up, waits for one byte, and then runs the file that has been put there
 * meanwhile. So one that waits can be had at once. What follows the byte is the program's own input.
 */
const WAIT: Readonly<Record<Language, string>> = {
  python:
    "import os,runpy,sys\nos.read(0,1)\nsys.path.insert(0,'/work');sys.path.append('/packages')\nrunpy.run_path('/code/main.py',run_name='__main__')",
  js: "require('fs').readSync(0,Buffer.alloc(1),0,1);import('file:///code/main.mjs')",
  shell: 'read -r _; . /code/main.sh',
};

/** Where a language looks for packages. */
export function packagesAt(program: Program): string {
  return program.kind === 'code' && program.language === 'js' ? '/node_modules' : '/packages';
}

/** What starts for a program. Nothing for what this tier does not run. */
export function readStart(program: Program, node: string): Start | undefined {
  if (program.kind === 'command') return { argv: program.argv };
  if (program.kind === 'wasi') return undefined;
  const wait = WAIT[program.language];
  switch (program.language) {
    case 'python':
      return { argv: ['/usr/bin/python3', '-I', '-B', '-c', wait], code: { file: 'main.py' } };
    case 'js':
      return { argv: [node, '--no-warnings', '-e', wait], code: { file: 'main.mjs' } };
    case 'shell':
      return { argv: ['/bin/sh', '-c', wait], code: { file: 'main.sh' } };
  }
}
