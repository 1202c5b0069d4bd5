import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { limits } from '../../../base/limits.ts';
import { parseScope } from '../../../model/isolation.ts';
import type { StopSwitch, ThrownSwitch } from '../../../ports/stop-switch.ts';

/** Of the data folder: with this file there, everything is stopped, whatever it says or is. */
export const STOP_FILE = 'STOP';
/** Of the data folder: each `*.json` in it stops one scope. */
export const STOP_FOLDER = 'stop.d';

// Half a pair is a letter of no record: a stop that says one could never be recorded.
const textSchema = z
  .string()
  .min(1)
  .max(1_024)
  .refine((text) => text.isWellFormed());
const fileSchema = z.strictObject({
  scope: z.string().refine((text) => parseScope(text) !== undefined),
  reason: textSchema.default('stopped by a file'),
  by: textSchema.default('file'),
  incident: z.boolean().default(false),
  recordAtMs: z.int().exactOptional(),
});

/**
 * The switch of a data folder: files that stop calls without the store. Two looks at the folder are all it costs while
 * nothing is thrown. Whatever is not what it should be (a link, a folder, text that is no scope, a file that cannot be
 * read) stops everything: whoever put it there meant to stop something.
 */
export function openFileSwitch(data: string): StopSwitch {
  const file = join(data, STOP_FILE);
  const folder = join(data, STOP_FOLDER);

  function* each(): Generator<ThrownSwitch> {
    const stop = look(file);
    if (stop !== 'absent') yield all(file, stop === 'file' ? undefined : `it is ${stop}`);
    const held = look(folder);
    if (held === 'absent') return;
    if (held !== 'a folder') {
      yield all(folder, `it is ${held === 'file' ? 'a file' : held}, not a folder`);
      return;
    }
    let names: readonly string[];
    try {
      names = readdirSync(folder);
    } catch {
      yield all(folder, 'it cannot be listed');
      return;
    }
    if (names.length > limits.stopFiles) yield all(folder, `it holds more than ${limits.stopFiles} files`);
    // What begins with a dot is being written, or being taken away.
    for (const name of names.slice(0, limits.stopFiles).sort()) {
      if (!name.startsWith('.')) yield readSwitch(join(folder, name));
    }
  }

  return {
    find(scopes) {
      for (const thrown of each()) if (scopes.includes(thrown.scope)) return thrown;
      return undefined;
    },
    list: () => [...each()].map((thrown) => ({ ...thrown, ...timeOf(thrown.place) })),
  };
}

type Found = 'absent' | 'file' | 'a folder' | 'something else' | 'not to be looked at';

/** What lies at a path, without following a link. */
function look(path: string): Found {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'absent';
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'a folder' : 'something else';
  } catch {
    return 'not to be looked at';
  }
}

/**
 * When a file was put where it is: by its inode, whose time a renaming sets too, and not by a date that whoever wrote it,
 * or copied it, gave it.
 */
function timeOf(path: string): Pick<ThrownSwitch, 'thrownAtMs'> {
  try {
    return { thrownAtMs: lstatSync(path).ctimeMs };
  } catch {
    return {};
  }
}

function readSwitch(path: string): ThrownSwitch {
  if (!path.endsWith('.json')) return all(path, 'its name does not end in `.json`');
  const text = readSmallFile(path);
  if (text === undefined) return all(path, 'it cannot be read as a file of its own');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return all(path, 'it is not JSON');
  }
  const parsed = fileSchema.safeParse(value);
  return parsed.success ? { ...parsed.data, place: path } : all(path, 'it names no scope, or something beside it');
}

/** The text of a file that is one itself: a link, a folder or a pipe gives undefined, and holds nobody up. */
function readSmallFile(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(descriptor).isFile()) return undefined;
    const bytes = Buffer.alloc(limits.stopFileBytes + 1);
    const read = readSync(descriptor, bytes, 0, bytes.length, 0);
    return read > limits.stopFileBytes ? undefined : bytes.toString('utf8', 0, read);
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

function all(place: string, broken: string | undefined): ThrownSwitch {
  return {
    scope: 'all',
    reason: 'stopped by a file',
    by: 'file',
    incident: false,
    place,
    ...(broken === undefined ? {} : { broken }),
  };
}
