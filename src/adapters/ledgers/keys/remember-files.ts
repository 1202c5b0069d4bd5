import type { KeyFiles } from './key-files.ts';

interface Known {
  readonly fingerprint: string;
  readonly text: string;
}

/**
 * Key files of which each is read once, and again when it is another one: a checkpoint is signed every second, and keys are
 * changed, by another process, a few times a year. What is held is what was read, checks of its mode and owner included.
 */
export function rememberFiles(files: KeyFiles, isRemembered: (name: string) => boolean): KeyFiles {
  const known = new Map<string, Known>();
  return {
    ...files,
    async read(name) {
      if (!isRemembered(name)) return files.read(name);
      const fingerprint = await files.fingerprint(name);
      const before = known.get(name);
      if (fingerprint !== undefined && before?.fingerprint === fingerprint) return before.text;
      const text = await files.read(name);
      known.delete(name);
      // Taken before the file was read: one that is replaced meanwhile is read once more.
      if (text !== undefined && fingerprint !== undefined) known.set(name, { fingerprint, text });
      return text;
    },
    async remove(name) {
      known.delete(name);
      await files.remove(name);
    },
  };
}
