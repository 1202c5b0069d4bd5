import type { Profile } from '../../../model/profile.ts';
import { writeWalls } from '../process/cell-arguments.ts';
import { DECOYS } from '../process/decoys.ts';
import { pipes, writeSupervisor } from '../process/supervise.ts';
import { HIDDEN_FILES, HIDDEN_FOLDERS, type SystemMounts } from '../process/system-mounts.ts';
import { BEGUN, DISK, device, JOB } from './guest-init.ts';
import { relayInside } from './relay-file.ts';
import { BEGIN_MS } from './run-machine.ts';

export interface GuestJob {
  readonly profile: Profile;
  readonly system: SystemMounts;
  /** Paths of the only programs it has; all of the disk’s where not given. */
  readonly programs?: readonly string[];
  readonly argv: readonly string[];
  readonly hasInput: boolean;
  /** Whether the relay to the door is to run beside the program. */
  readonly hasDoor: boolean;
  readonly trusts: boolean;
}

/** Where things of the job are, as `bwrap` on the disk sees them. */
const below = (path: string) => `${JOB}${path}`.slice(DISK.length);

export const DOOR = '/run/door';

/**
 * The script that runs one job in a machine. Its kernel is the program’s alone, and still the program stands behind the
 * walls of tier `process`: whoever wants out has to get past those, the kernel and the machine. What the walls noticed is
 * put into `facts`, as the kernel counted it.
 */
export function writeGuestJob(job: GuestJob): string {
  const { profile, system, programs, argv, hasInput, hasDoor, trusts } = job;
  const walls = writeWalls(
    profile,
    {
      system: { ...system, hidden: [] },
      ...(programs === undefined ? {} : { programs }),
      readable: [
        { from: '/opt/node', to: '/opt/node' },
        { from: below('/code'), to: '/code' },
        ...(hasInput ? [{ from: '/input', to: '/input' }] : []),
        ...(hasDoor ? [{ from: below('/relay'), to: relayInside() }] : []),
        ...(trusts ? [{ from: below('/trust.pem'), to: '/opt/authorities.pem' }] : []),
      ],
      writable: [{ from: below('/work'), to: '/work' }],
      ...(hasDoor ? { egressDevice: { from: device('door'), to: DOOR }, trusts } : {}),
    },
    true,
  );
  const end = walls.indexOf('--remount-ro', walls.indexOf('--chdir') - 3);
  const decoys = Object.keys(DECOYS);
  const folders = new Set(decoys.flatMap((path) => foldersOf(path)).filter((path) => !THERE.has(path)));
  const laid = [
    ...[...folders].flatMap((path) => ['--perms', '0755', '--dir', path]),
    // Not read only: of what is, no time of access is kept. They are root's, and the program is not.
    ...decoys.flatMap((path, index) => ['--bind', below(`/decoys/${index}`), path]),
  ];
  const supervisor = writeSupervisor({
    dropsRoot: true,
    openFiles: profile.openFiles,
    fileBytes: profile.spaceBytes,
    cpuSeconds: Math.ceil(((profile.timeMs + (hasDoor ? BEGIN_MS : 0)) / 1_000) * Math.max(1, profile.cpu)) + 1,
  });
  const words = [...walls.slice(0, end), ...laid, ...walls.slice(end)].map(quote).join(' ');
  const told = [
    ...['--info-fd', `${pipes.info}`, '--block-fd', `${pipes.block}`, '--', '/bin/sh', '-c', supervisor, 'sh'],
  ];
  return `
cd /
facts=${JOB}/facts
group=/groups/program
echo '+memory +pids' > /groups/cgroup.subtree_control
mkdir $group
echo ${profile.memoryBytes} > $group/memory.max
echo 1 > $group/memory.oom.group
echo ${profile.processes + WALLS_OWN} > $group/pids.max
mkdir ${JOB}/decoys
${hasDoor ? `chmod 0666 ${device('door')}` : ''}
${decoys.map((path, index) => `printf %s ${quote(DECOYS[path] ?? '')} > ${JOB}/decoys/${index}`).join('\n')}
touch -a -d @${LONG_AGO_S} ${JOB}/decoys/*
changed=$(stat -c %Z ${JOB}/decoys/*)
mkdir /ways
for way in info block report go out error in; do mkfifo /ways/$way; done
cat /ways/out > ${device('stdout')} & out=$!
cat /ways/error > ${device('stderr')} & error=$!
cat ${device('stdin')} > /ways/in & in=$!
exec 3<>/ways/info 4<>/ways/block 5<>/ways/report 6<>/ways/go 7<${JOB}/filter
set --
for name in ${HIDDEN_FILES.join(' ')}; do [ ! -e /proc/$name ] || set -- "$@" --ro-bind /dev/null /proc/$name; done
for name in ${HIDDEN_FOLDERS.join(' ')}; do [ ! -e /proc/$name ] || set -- "$@" --perms 0555 --size 4096 --tmpfs /proc/$name; done
chroot ${DISK} /usr/bin/bwrap ${words} "$@" ${[...told, ...argv].map(quote).join(' ')} < /ways/in > /ways/out 2> /ways/error &
walls=$!
while read -r line <&3; do
  case "$line" in *child-pid*) pid=\${line##* }; pid=\${pid%%[!0-9]*}; break ;; esac
done
echo $pid > $group/cgroup.procs
exec 9< /proc/$pid/net/snmp
[ ! -e /proc/$pid/net/snmp6 ] || exec 8< /proc/$pid/net/snmp6
echo x >&4
read -r _ <&5
echo ${BEGUN} > ${device('control')}
echo >&6
wait $walls
echo $? > $facts/code
echo over >&5
while read -r line <&5 && [ "$line" != over ]; do echo "$line"; done > $facts/report
wait $out $error
kill $in 2> /dev/null
cat <&9 > $facts/snmp
[ ! -e /proc/net/snmp6 ] || cat <&8 >> $facts/snmp
cat $group/memory.events > $facts/memory
cat $group/pids.events > $facts/processes
index=0
for was in $changed; do
  [ "$(stat -c '%X %Z' ${JOB}/decoys/$index)" = "${LONG_AGO_S} $was" ] || echo $index
  index=$((index + 1))
done > $facts/decoys
`;
}

const LONG_AGO_S = 86_400;
/** The first process of the sandbox, and the one that watches the program. */
const WALLS_OWN = 2;
/** Made by the walls themselves. */
const THERE = new Set(['/', '/etc', '/root', '/run']);

function foldersOf(path: string): string[] {
  const steps = path.split('/').slice(1, -1);
  return steps.map((_, index) => `/${steps.slice(0, index + 1).join('/')}`);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
