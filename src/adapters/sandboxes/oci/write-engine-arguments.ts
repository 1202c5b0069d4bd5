import type { Profile } from '../../../model/profile.ts';

export interface EngineRun {
  readonly name: string;
  readonly profile: Profile;
  /** By digest: a tag is whatever its registry says today. */
  readonly image: string;
  readonly argv: readonly string[];
  readonly work: string;
  readonly inputFolder?: string;
}

/** A profile as Docker and Podman take it. The same flags mean the same to both. */
export function writeEngineArguments({ name, profile, image, argv, work, inputFolder }: EngineRun): readonly string[] {
  const seconds = Math.ceil(profile.timeMs / 1_000) + 1;
  return [
    ...['run', '--rm', '--interactive', '--pull', 'never', '--name', name, '--hostname', 'sandbox', '--init'],
    ...['--network', 'none', '--ipc', 'none', '--read-only', '--user', '65534:65534', '--workdir', '/work'],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
    ...['--memory', `${profile.memoryBytes}b`, '--memory-swap', `${profile.memoryBytes}b`],
    ...['--cpus', `${profile.cpu}`, '--pids-limit', `${profile.processes}`],
    ...['--ulimit', `nofile=${profile.openFiles}:${profile.openFiles}`],
    ...['--ulimit', `fsize=${profile.spaceBytes}:${profile.spaceBytes}`, '--ulimit', 'core=0:0'],
    ...['--stop-timeout', '0', '--env', 'HOME=/work', '--env', 'TMPDIR=/tmp'],
    ...['--label', `chaperone.profile=${profile.name}`, '--label', `chaperone.seconds=${seconds}`],
    ...['--tmpfs', `/tmp:rw,nosuid,nodev,mode=1777,size=${profile.spaceBytes}`],
    ...['--mount', `type=bind,source=${work},target=/work`],
    ...(inputFolder === undefined ? [] : ['--mount', `type=bind,source=${inputFolder},target=/input,readonly`]),
    image,
    ...argv,
  ];
}
