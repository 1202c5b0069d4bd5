import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import { makeOwnFolder } from '../../../base/own-folder.ts';
import type { SandboxJob } from '../../../ports/sandbox.ts';
import { layOutWork } from './run-outside.ts';

/** What a job needs on the host while it runs, in a folder that is gone afterwards. */
export interface Staged extends AsyncDisposable {
  readonly folder: string;
  readonly work: string;
  /** The folder of its code, to be read at `/code`. */
  readonly code: string;
  readonly argv: readonly string[];
}

const PYTHON =
  "import runpy,sys;sys.path.insert(0,'/work');sys.path.append('/packages');runpy.run_path('/code/main.py',run_name='__main__')";
const STARTS = {
  python: { file: 'main.py', argv: ['/usr/bin/python3', '-I', '-B', '-c', PYTHON] },
  js: { file: 'main.mjs', argv: ['node', '--no-warnings', '/code/main.mjs'] },
  shell: { file: 'main.sh', argv: ['/bin/sh', '/code/main.sh'] },
} as const;

/** Lays a job out. Rejects with a `Fault` E_SANDBOX_UNAVAILABLE for what only tier `wasm` runs. */
export async function stageJob({ program, files }: SandboxJob): Promise<Staged> {
  if (program.kind === 'wasi') throw new Fault('E_SANDBOX_UNAVAILABLE', 'WASI modules run in tier `wasm` alone');
  const folder = await makeOwnFolder('sandbox');
  const [work, code] = [join(folder, 'work'), join(folder, 'code')];
  try {
    await chmod(folder, 0o711);
    await mkdir(work);
    await mkdir(code);
    await layOutWork(work, files);
    if (program.kind === 'code') {
      const file = join(code, STARTS[program.language].file);
      await writeFile(file, program.source);
      await chmod(file, 0o644);
      await chmod(code, 0o755);
    }
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw new Fault('E_SANDBOX', 'a sandbox’s files could not be laid out', { cause });
  }
  return {
    folder,
    work,
    code,
    argv: program.kind === 'command' ? program.argv : STARTS[program.language].argv,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
