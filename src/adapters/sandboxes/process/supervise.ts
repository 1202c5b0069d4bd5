/**
 * The walls' own process inside: a shell that says that it is there, waits to be told to go on, starts the program with
 * less than it has itself, and tells how it ended and how many processes it left. The program never holds its pipes.
 */
export const pipes = { info: 3, block: 4, report: 5, go: 6, filter: 7 } as const;

const CLOSED = '3>&- 4>&- 5>&- 6>&- 7>&- 8>&-';

export interface SupervisorOptions {
  /** Whether the gateway is root, so that the program has to be made nobody first. */
  readonly dropsRoot: boolean;
  readonly openFiles: number;
  readonly fileBytes: number;
  readonly cpuSeconds: number;
  /** Where no control group holds them. */
  readonly processes?: number;
  readonly memoryBytes?: number;
}

/** Who a program is inside, and outside where the gateway is root: nobody. */
export const NOBODY = 65_534;

export const DROP = `setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs --`;

/** The shell's script. The program and its arguments are the script's own: nothing is spelled into it. */
export function writeSupervisor(options: SupervisorOptions): string {
  const { dropsRoot, openFiles, fileBytes, cpuSeconds, processes, memoryBytes } = options;
  return [
    'exec 8>&2 2>/dev/null',
    'echo ready >&5',
    'read -r _ <&6',
    'ulimit -c 0',
    `ulimit -n ${openFiles}`,
    `ulimit -f ${Math.ceil(fileBytes / 512)}`,
    `ulimit -t ${cpuSeconds}`,
    ...(processes === undefined ? [] : [`ulimit -p ${processes}`]),
    ...(memoryBytes === undefined ? [] : [`ulimit -v ${Math.floor(memoryBytes / 1_024)}`]),
    `${dropsRoot ? `${DROP} ` : ''}"$@" 2>&8 ${CLOSED}`,
    'code=$?',
    'set -- /proc/[0-9]*',
    'echo "end $code $#" >&5',
    'exit $code',
  ].join('\n');
}

/** Processes that are there when the program has ended and left none: the first of the sandbox, and the shell. */
const OWN_PROCESSES = 2;

/** What the shell told. Nothing where it was ended before it could. */
export function readReport(text: string): { readonly exitCode: number; readonly leftovers: number } | undefined {
  const [, code, processes] = /^end (\d+) (\d+)$/m.exec(text) ?? [];
  if (code === undefined) return undefined;
  return { exitCode: Number(code), leftovers: Math.max(0, Number(processes) - OWN_PROCESSES) };
}
