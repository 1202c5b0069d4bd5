import { readSync } from 'node:fs';

const BYTES = 16_384;

/**
 * How often anything in a network namespace tried to reach another machine, by what its kernel counted: connections and
 * packets without a route, names asked for where nobody answers. `file` is `net/snmp` of a process in it, open since
 * before the program started: it can be read for as long as it is open, whoever has ended meanwhile.
 */
export function countNetworkAttempts(file: number): number {
  const buffer = Buffer.alloc(BYTES);
  return countInText(buffer.toString('latin1', 0, readSync(file, buffer, 0, BYTES, 0)));
}

/** The same, of what was read already. */
export function countInText(text: string): number {
  return (
    readCounter(text, 'Ip', 'OutNoRoutes') +
    readCounter(text, 'Tcp', 'AttemptFails') +
    readCounter(text, 'Udp', 'NoPorts')
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
