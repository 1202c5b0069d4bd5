import { closeSync, constants, openSync, readSync } from 'node:fs';

const BYTES = 16_384;

/** What a kernel counts of one network namespace. Open since before the program started, it can be read whoever has ended meanwhile. */
export interface NetworkCounters extends Disposable {
  /**
   * How often anything in it tried to reach another machine: connections and packets without a route, names asked for
   * where nobody answers.
   */
  count(): number;
}

/** The counters of the namespace that a process is in. Throws where that process is not there. */
export function openNetworkCounters(pid: number | string): NetworkCounters {
  const files = [openSync(`/proc/${pid}/net/snmp`, constants.O_RDONLY)];
  try {
    files.push(openSync(`/proc/${pid}/net/snmp6`, constants.O_RDONLY));
  } catch {
    // a kernel without IPv6 has no way to try it
  }
  const buffer = Buffer.alloc(BYTES);
  const read = (file: number) => buffer.toString('latin1', 0, readSync(file, buffer, 0, BYTES, 0));
  return {
    count: () => countInText(files.map(read).join('\n')),
    [Symbol.dispose]: () => {
      for (const file of files.splice(0)) closeSync(file);
    },
  };
}

/** The same, of what was read already: both files, one behind the other. */
export function countInText(text: string): number {
  return (
    readCounter(text, 'Ip', 'OutNoRoutes') +
    readCounter(text, 'Tcp', 'AttemptFails') +
    readCounter(text, 'Udp', 'NoPorts') +
    readCounter6(text, 'Ip6OutNoRoutes') +
    readCounter6(text, 'Udp6NoPorts')
  );
}

/** Each protocol has two lines: names, then numbers. */
function readCounter(text: string, protocol: string, name: string): number {
  const [names = [], numbers = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(' '));
  return Number(numbers[names.indexOf(name)] ?? 0);
}

/** Of IPv6 each number has a line of its own. */
function readCounter6(text: string, name: string): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
