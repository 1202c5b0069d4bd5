import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What sandboxes of this process could leave on the host, counted. */
export interface Leftovers {
  readonly processes: number;
  readonly zombies: number;
  readonly controlGroups: number;
  readonly mounts: number;
  readonly files: number;
  readonly descriptors: number;
}

/** Other tests start containers and make networks meanwhile: what engines mount for them comes and goes. */
const OF_ENGINES = /\/containers\/|\/docker\/|\/netns/;

/** How many folders container engines have mounted, for whomever. */
export function countEngineMounts(): number {
  return listMounts().filter((mount) => OF_ENGINES.test(mount)).length;
}

export function countLeftovers(owner = process.pid): Leftovers {
  const children = listChildren(owner);
  return {
    processes: children.filter((state) => state !== 'Z').length,
    zombies: children.filter((state) => state === 'Z').length,
    controlGroups: countGroups('/sys/fs/cgroup', 4),
    mounts: listMounts().filter((mount) => !OF_ENGINES.test(mount)).length,
    files: readdirSync(tmpdir()).length + readdirSync(process.cwd()).length,
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

/** What there is more of than before. What was still being closed then is none of it. */
export function findLeft(before: Leftovers): Partial<Leftovers> {
  const now = Object.entries(countLeftovers()) as [keyof Leftovers, number][];
  return Object.fromEntries(now.filter(([kind, count]) => count > before[kind]));
}

function listMounts(): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8').split('\n');
}

/** The states of all processes that one is the parent of. */
function listChildren(owner: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(parent) === owner ? [state] : [];
      } catch {
        return []; // it has ended since
      }
    });
}

function countGroups(folder: string, depth: number): number {
  let count = 0;
  for (const entry of listEntries(folder)) {
    if (!entry.isDirectory()) continue;
    if (entry.name.startsWith(`chaperone-${process.pid}-`)) count++;
    else if (depth > 0) count += countGroups(join(folder, entry.name), depth - 1);
  }
  return count;
}

/** Those of other tests may be gone by now. */
function listEntries(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
