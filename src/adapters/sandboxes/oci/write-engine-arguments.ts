import type { Profile } from '../../../model/profile.ts';

export interface EngineRun {
  readonly name: string;
  readonly profile: Profile;
  /** By digest: a tag is whatever its registry says today. */
  readonly image: string;
  readonly argv: readonly string[];
  readonly work: string;
  readonly inputFolder?: string;
  /** The file of system calls it may make. */
  readonly seccomp: string;
  /** Files that are to be read only, by their path inside. */
  readonly readable?: readonly { readonly from: string; readonly to: string }[];
  /** Files of root’s that are there to be noticed: a mount that is only read would not note that they were. */
  readonly decoys?: readonly { readonly from: string; readonly to: string }[];
}

const MOST_PROCESSES = 4_096;

/** A profile as Docker and Podman take it. The same flags mean the same to both. */
export function writeEngineArguments(run: EngineRun): readonly string[] {
  const { name, profile, image, argv, work, inputFolder, seccomp, readable = [], decoys = [] } = run;
  const input = inputFolder === undefined ? [] : [{ from: inputFolder, to: '/input' }];
  const seconds = Math.ceil(profile.timeMs / 1_000) + 1;
  return [
    ...['run', '--rm', '--interactive', '--pull', 'never', '--name', name, '--hostname', 'sandbox'],
    ...['--network', 'none', '--ipc', 'none', '--read-only', '--user', '65534:65534', '--workdir', '/work'],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--security-opt', `seccomp=${seccomp}`],
    ...['--memory', `${profile.memoryBytes}b`, '--memory-swap', `${profile.memoryBytes}b`],
    ...['--cpus', `${profile.cpu}`, '--pids-limit', `${profile.processes}`],
    ...['--ulimit', `nofile=${profile.openFiles}:${profile.openFiles}`],
    ...['--ulimit', `fsize=${profile.spaceBytes}:${profile.spaceBytes}`, '--ulimit', 'core=0:0'],
    // An engine without the right to raise limits fails at its own default; `--pids-limit` is what holds.
    ...['--ulimit', `nproc=${MOST_PROCESSES}:${MOST_PROCESSES}`],
    ...['--stop-timeout', '0', '--env', 'HOME=/work', '--env', 'TMPDIR=/tmp'],
    ...['--label', `chaperone.profile=${profile.name}`, '--label', `chaperone.seconds=${seconds}`],
    ...['--tmpfs', `/tmp:rw,nosuid,nodev,mode=1777,size=${profile.spaceBytes}`],
    ...['--mount', `type=bind,source=${work},target=/work`],
    ...[...readable, ...input].flatMap(({ from, to }) => ['--mount', `type=bind,source=${from},target=${to},readonly`]),
    ...decoys.flatMap(({ from, to }) => ['--mount', `type=bind,source=${from},target=${to}`]),
    image,
    ...argv,
  ];
}
