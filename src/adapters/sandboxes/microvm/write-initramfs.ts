/** One thing of the first file system of a machine. Folders before what lies in them. */
export interface FirstFile {
  readonly path: string;
  /** Absent for a folder. */
  readonly bytes?: Uint8Array;
  readonly isProgram?: boolean;
}

const FOLDER_MODE = 0o040_755;
const FILE_MODE = 0o100_644;
const PROGRAM_MODE = 0o100_755;
const HEADER_CHARS = 110;
const encoder = new TextEncoder();

/**
 * What a kernel unpacks into memory before it starts anything: a cpio archive of the “new” kind. Equal files give equal
 * bytes; everything is root’s.
 */
export function writeInitramfs(files: readonly FirstFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (number: number, path: string, mode: number, bytes: Uint8Array) => {
    const name = encoder.encode(`${path}\0`);
    const fields = [number, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    parts.push(encoder.encode(header), name, padding(HEADER_CHARS + name.length), bytes, padding(bytes.length));
  };
  for (const [index, { path, bytes, isProgram = false }] of files.entries()) {
    const mode = bytes === undefined ? FOLDER_MODE : isProgram ? PROGRAM_MODE : FILE_MODE;
    add(index + 1, path, mode, bytes ?? new Uint8Array());
  }
  add(0, 'TRAILER!!!', 0, new Uint8Array());
  return Buffer.concat(parts);
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
