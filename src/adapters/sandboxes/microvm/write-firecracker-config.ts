import { type Machine, writeKernelWords } from './write-machine.ts';

const MB = 1_048_576;

export interface FirecrackerConfig {
  readonly 'boot-source': {
    readonly kernel_image_path: string;
    readonly initrd_path: string;
    readonly boot_args: string;
  };
  readonly drives: readonly {
    readonly drive_id: string;
    readonly path_on_host: string;
    readonly is_root_device: boolean;
    readonly is_read_only: boolean;
  }[];
  readonly 'machine-config': {
    readonly vcpu_count: number;
    readonly mem_size_mib: number;
    readonly smt: boolean;
    readonly track_dirty_pages: boolean;
  };
  readonly vsock: { readonly guest_cid: number; readonly uds_path: string };
}

/**
 * The same machine as Firecracker’s API takes it: the same first files and disks, and a socket that stands for the ways
 * to the host where QEMU has serial ports. `kernel` has to be one that is not packed.
 */
export function writeFirecrackerConfig(machine: Machine, socket: string): FirecrackerConfig {
  return {
    'boot-source': {
      kernel_image_path: machine.kernel,
      initrd_path: machine.initramfs,
      boot_args: writeKernelWords(machine).join(' '),
    },
    drives: machine.disks.map((file, index) => ({
      drive_id: `disk${index}`,
      path_on_host: file,
      is_root_device: false,
      is_read_only: true,
    })),
    'machine-config': {
      // One, or an even number.
      vcpu_count: machine.processors === 1 ? 1 : 2 * Math.ceil(machine.processors / 2),
      mem_size_mib: Math.ceil(machine.memoryBytes / MB),
      smt: false,
      track_dirty_pages: false,
    },
    vsock: { guest_cid: 3, uds_path: socket },
  };
}
