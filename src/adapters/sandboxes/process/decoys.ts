import { closeSync, constants, fstatSync, mkdirSync, openSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Files that are where a thief looks first and that nothing honest opens. What they hold is worth nothing; that one was
 * read shows in its time of access, which the program cannot set back: the files are not its own, the filter refuses
 * reads without a trace, and changing the times changes the time of the change.
 */
export const DECOYS: Readonly<Record<string, string>> = {
  '/etc/shadow': 'root:*:19000:0:99999:7:::\n',
  '/root/.ssh/id_ed25519': '-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n',
  '/root/.aws/credentials': '[default]\naws_access_key_id = none\naws_secret_access_key = none\n',
  '/root/.config/chaperone/chaperone.yaml': 'version: 1\n',
  '/run/secrets/kubernetes.io/serviceaccount/token': 'none\n',
};

const LONG_AGO_S = 86_400;

export interface Laid {
  readonly path: string;
  /** Open, so that it can be looked at when its sandbox has gone. */
  readonly descriptor: number;
  readonly changedMs: number;
}

/**
 * Lays them out below `root`, the root folder of a sandbox as the host sees it, but nothing within folders that are
 * `mounted` there: those are the host's own. Their descriptors are the caller's.
 */
export function layDecoys(root: string, mounted: readonly string[] = []): readonly Laid[] {
  const isOwn = (path: string) => !mounted.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const own = Object.entries(DECOYS).filter(([path]) => isOwn(path));
  return own.map(([path, text]) => lay(root + path, path, text));
}

export interface StagedDecoys extends Disposable {
  readonly laid: readonly Laid[];
  readonly mounts: readonly { readonly from: string; readonly to: string }[];
}

/** Lays them out below a folder of the host, to be mounted where they belong. Noticed where its file system notes reads. */
export function stageDecoys(folder: string): StagedDecoys {
  const root = join(folder, 'decoys');
  const laid = layDecoys(root);
  return {
    laid,
    mounts: laid.map(({ path }) => ({ from: root + path, to: path })),
    [Symbol.dispose]: () => {
      for (const { descriptor } of laid) closeSync(descriptor);
    },
  };
}

function lay(file: string, path: string, text: string): Laid {
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, text, { mode: 0o644, flag: 'wx' });
  // Read earlier than written: the file system then notes the next time it is read.
  utimesSync(file, LONG_AGO_S, 2 * LONG_AGO_S);
  const descriptor = openSync(file, constants.O_RDONLY);
  return { path, descriptor, changedMs: fstatSync(descriptor).ctimeMs };
}

/** The decoys that were opened since they were laid. */
export function findTouched(laid: readonly Laid[]): readonly string[] {
  return laid
    .filter(({ descriptor, changedMs }) => {
      const { atimeMs, ctimeMs } = fstatSync(descriptor);
      return atimeMs !== LONG_AGO_S * 1_000 || ctimeMs !== changedMs;
    })
    .map(({ path }) => path);
}
