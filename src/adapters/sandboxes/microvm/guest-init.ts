/** Ways between a machine and its host, by their number on its serial device. Each goes in one direction but the last. */
export const ports = { control: 1, job: 2, stdin: 3, stdout: 4, stderr: 5, left: 6, door: 7 } as const;

export const device = (port: keyof typeof ports): string => `/dev/port${ports[port]}`;

/** Says that the machine is up, and that its next words are a job. */
export const UP = 'up';
/** Says that the program begins. */
export const BEGUN = 'begun';

/** Where the disk is, and what is made for one job. `bwrap` sees the disk as its root. */
export const DISK = '/disk';
export const JOB = `${DISK}/job`;

/**
 * The first process of a machine. It loads what the kernel needs to see its devices, puts the disk where programs will
 * find it, says that it is there, and waits for its one job. `space` and `rooms` are words of the kernel’s command line.
 */
export const INIT = `#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
fail() { echo "chaperone: $*" > /dev/kmsg; poweroff -f; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module" || fail "the module $module does not load"; done < /modules/order
tries=0
until [ -c /dev/vport?p${ports.door} ] && [ -b /dev/vda ]; do
  tries=$((tries + 1))
  [ $tries -lt 3000 ] || fail 'the devices are not there'
  usleep 2000
done
for port in /dev/vport?p*; do ln -s $port /dev/port\${port##*p}; done
for disk in /dev/vd?; do
  case $(cat /sys/block/\${disk#/dev/}/serial) in disk0) programs=$disk ;; disk1) input=$disk ;; esac
done
mount -t ext4 -o ro,noatime,nodev,nosuid $programs ${DISK} || fail 'the disk cannot be read'
[ -z "$input" ] || mount -t ext4 -o ro,nodev,nosuid,noexec $input ${DISK}/input || fail 'the input cannot be read'
mount -t proc proc ${DISK}/proc
mount -t devtmpfs devtmpfs ${DISK}/dev
mount -t tmpfs -o "size=$rooms,mode=0755" tmpfs ${JOB}
mkdir ${JOB}/work ${JOB}/code ${JOB}/facts
mount -t tmpfs -o "size=$space,mode=0777" tmpfs ${JOB}/work
mkdir -p /groups
mount -t cgroup2 cgroup2 /groups || fail 'there are no control groups'
echo ${UP} > ${device('control')}
tar -x -f ${device('job')} -C ${JOB} || fail 'the job did not arrive'
. ${JOB}/run
tar -c -f ${device('left')} -C ${JOB} facts work
sync
poweroff -f
`;
