import { ports } from './guest-init.ts';

/** A machine as it is to be: the same for whichever program runs it. */
export interface Machine {
  readonly kernel: string;
  readonly initramfs: string;
  /** Read only, in this order: the programs, and the input where there is one. */
  readonly disks: readonly string[];
  readonly memoryBytes: number;
  readonly processors: number;
  /** What the machine may write, in memory: the workspace, and all of the job. */
  readonly spaceBytes: number;
  readonly roomsBytes: number;
}

const MB = 1_048_576;
/** What a kernel and the first programs take for themselves. */
export const KERNEL_BYTES = 80 * MB;
/** What QEMU takes beside the machine’s memory, the code that it translates included. */
export const EMULATOR_BYTES = 288 * MB;
const TRANSLATED_MB = 128;

/** What the kernel is told. Unknown words are handed on to the first process. */
export function writeKernelWords(machine: Machine): readonly string[] {
  return [
    ...['quiet', 'loglevel=1', 'panic=-1', 'reboot=t', 'random.trust_cpu=on', '8250.nr_uarts=0'],
    ...[`space=${machine.spaceBytes}`, `rooms=${machine.roomsBytes}`],
  ];
}

export interface QemuOptions {
  readonly acceleration: 'kvm' | 'tcg';
  /** Of the host’s clock: without hardware help a machine cannot find out by itself. */
  readonly clockKhz: number;
  /** The descriptor that each port is led to. */
  readonly descriptors: Readonly<Record<keyof typeof ports, number>>;
}

/**
 * A machine in QEMU’s words: no devices but disks that are read only and one serial device; no network, no screen, no
 * monitor, nothing that is there by default; and QEMU itself behind its own filter, which starts nothing.
 */
export function writeQemuArguments(machine: Machine, options: QemuOptions): readonly string[] {
  const { acceleration, clockKhz, descriptors } = options;
  const hardware = acceleration === 'kvm';
  const words = [...writeKernelWords(machine), ...(hardware ? [] : [`tsc_early_khz=${clockKhz}`, 'mitigations=off'])];
  return [
    ...['-no-user-config', '-nodefaults', '-nographic', '-no-reboot', '-monitor', 'none', '-serial', 'none'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-M', 'microvm,acpi=on,isa-serial=off,pit=off,pic=off,usb=off'],
    ...['-accel', hardware ? 'kvm' : `tcg,thread=single,tb-size=${TRANSLATED_MB}`],
    ...[
      '-cpu',
      hardware ? 'host' : 'max',
      '-smp',
      `${machine.processors}`,
      '-m',
      `${Math.ceil(machine.memoryBytes / MB)}`,
    ],
    ...['-kernel', machine.kernel, '-initrd', machine.initramfs, '-append', words.join(' ')],
    ...machine.disks.flatMap((file, index) => [
      ...['-drive', `id=disk${index},file=${file},format=raw,if=none,readonly=on`],
      ...['-device', `virtio-blk-device,drive=disk${index},serial=disk${index}`],
    ]),
    ...['-device', 'virtio-serial-device,max_ports=16'],
    ...Object.entries(ports).flatMap(([name, number]) => [
      ...['-chardev', `socket,id=${name},fd=${descriptors[name as keyof typeof ports]}`],
      ...['-device', `virtserialport,nr=${number},chardev=${name},name=${name}`],
    ]),
  ];
}
