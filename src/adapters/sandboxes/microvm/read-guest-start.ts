import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { Fault } from '../../../base/fault.ts';
import type { Program, SandboxJob } from '../../../ports/sandbox.ts';
import { findProgram } from '../find-program.ts';
import { EGRESS_PORT } from '../process/cell-arguments.ts';
import type { SystemMounts } from '../process/system-mounts.ts';
import { openDoor } from './open-door.ts';
import { relayFile, relayInside } from './relay-file.ts';
import type { JobFile, MachineRun } from './run-machine.ts';
import { DOOR, writeGuestJob } from './write-guest-job.ts';

export interface GuestStart {
  readonly files: readonly JobFile[];
  /** Programs that the disk has to have besides the usual ones. */
  readonly needs: readonly string[];
  readonly openDoor?: MachineRun['openDoor'];
}

const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin'];
const NODE = '/opt/node';
const CODE = {
  python: { file: 'main.py', argv: ['/usr/bin/python3', '-I', '-B', '-c'] },
  js: { file: 'main.mjs', argv: [NODE, '--no-warnings', '/code/main.mjs'] },
  shell: { file: 'main.sh', argv: ['/bin/sh', '/code/main.sh'] },
} as const;
const PYTHON = "import runpy,sys\nsys.path.insert(0,'/work')\nrunpy.run_path('/code/main.py',run_name='__main__')";

/** What a machine is given for a job. Rejects with a `Fault` E_SANDBOX_UNAVAILABLE for what it has no program for. */
export async function readGuestStart(job: SandboxJob, system: SystemMounts, filter: Uint8Array): Promise<GuestStart> {
  const { profile, program, egressSocket, trustFile } = job;
  if (program.kind === 'wasi') throw new Fault('E_SANDBOX_UNAVAILABLE', 'WASI modules run in tier `wasm` alone');
  const start = writeStart(program);
  const programs = job.programs && [...job.programs, 'sh', 'setpriv'];
  const relay = [NODE, '--no-warnings', relayInside(), `${EGRESS_PORT}`, DOOR, '--'];
  const script = writeGuestJob({
    profile,
    system,
    argv: egressSocket === undefined ? start : [...relay, ...start],
    hasInput: job.inputFolder !== undefined,
    hasDoor: egressSocket !== undefined,
    trusts: trustFile !== undefined,
    ...(programs === undefined ? {} : { programs: await findAll(programs) }),
  });
  const [first = ''] = start;
  return {
    files: [
      { path: 'run', bytes: script },
      { path: 'filter', bytes: filter },
      ...(program.kind === 'code' ? [{ path: `code/${CODE[program.language].file}`, bytes: program.source }] : []),
      ...job.files.map(({ path, bytes }) => ({ path: `work/${path}`, bytes, isWork: true })),
      ...(egressSocket === undefined ? [] : [{ path: 'relay', bytes: await readFile(relayFile()) }]),
      ...(trustFile === undefined ? [] : [{ path: 'trust.pem', bytes: await readFile(trustFile) }]),
    ],
    needs: [...(programs ?? []), ...(isAbsolute(first) ? [] : [first])].sort(),
    ...(egressSocket === undefined ? {} : { openDoor: (port, onBegin) => openDoor(port, egressSocket, onBegin) }),
  };
}

function writeStart(program: Exclude<Program, { readonly kind: 'wasi' }>): readonly string[] {
  if (program.kind === 'command') return program.argv;
  const { argv } = CODE[program.language];
  return program.language === 'python' ? [...argv, PYTHON] : argv;
}

async function findAll(names: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    names.map(async (name) => {
      const found = await findProgram(name, FOLDERS);
      if (found === undefined)
        throw new Fault('E_SANDBOX_UNAVAILABLE', `the program \`${name}\` is missing; install it`);
      return found;
    }),
  );
}
