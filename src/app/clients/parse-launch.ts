/** An npm package that a command runs by way of a package runner. */
export interface PackageLaunch {
  /** The package's name, without a version. */
  readonly name: string;
  /** The version or range as written; absent: whatever is newest on the day. */
  readonly range?: string;
  readonly bin?: string;
  readonly args: readonly string[];
}

/** What a command line runs: a package from npm, something else that is fetched anew at each start, or a program here. */
export type Launch =
  | { readonly kind: 'package'; readonly launch: PackageLaunch }
  | { readonly kind: 'fetched'; readonly what: string }
  | { readonly kind: 'program' };

/** Reads a command line as a client's file holds it. Anything that is not surely a package runner is a program. */
export function parseLaunch(command: string, args: readonly string[]): Launch {
  const program = baseName(command);
  const [first = '', second = ''] = args;
  if (program === 'cmd' && first.toLowerCase() === '/c') return parseLaunch(second, args.slice(2));
  if (program === 'npx' || program === 'bunx' || program === 'pnpx') return parseRunner(program, args);
  if (program === 'npm' && (first === 'exec' || first === 'x')) return parseRunner('npm exec', args.slice(1));
  if ((program === 'pnpm' || program === 'yarn') && first === 'dlx')
    return parseRunner(`${program} dlx`, args.slice(1));
  if (program === 'bun' && first === 'x') return parseRunner('bun x', args.slice(1));
  if (program === 'uvx' || program === 'pipx') return { kind: 'fetched', what: `a Python package through ${program}` };
  if (program === 'uv' && (first === 'tool' || first === 'x'))
    return { kind: 'fetched', what: 'a Python package through uv' };
  if (program === 'docker' || program === 'podman') {
    const pinned = args.some((argument) => /@sha256:[0-9a-f]{64}$/.test(argument));
    return pinned ? { kind: 'program' } : { kind: 'fetched', what: 'a container image without a digest' };
  }
  return { kind: 'program' };
}

function parseRunner(runner: string, args: readonly string[]): Launch {
  const unclear: Launch = { kind: 'fetched', what: `an npm package through ${runner}` };
  let spec: string | undefined;
  let rest = [...args];
  while (rest[0]?.startsWith('-')) {
    const [flag = '', value] = rest;
    if (flag === '-y' || flag === '--yes' || flag === '-q' || flag === '--quiet' || flag === '--') {
      rest = rest.slice(1);
    } else if (flag === '-p' || flag === '--package') {
      if (spec !== undefined || value === undefined) return unclear;
      spec = value;
      rest = rest.slice(2);
    } else if (flag.startsWith('--package=')) {
      if (spec !== undefined) return unclear;
      spec = flag.slice('--package='.length);
      rest = rest.slice(1);
    } else {
      return unclear;
    }
  }
  const bin = spec === undefined ? undefined : rest.shift();
  const text = spec ?? rest.shift();
  const [, name, range] = /^((?:@[\w.-]+\/)?[\w.-]+)(?:@([^\s/@:]+))?$/.exec(text ?? '') ?? [];
  if (name === undefined || (spec !== undefined && bin === undefined)) return unclear;
  return {
    kind: 'package',
    launch: { name, ...(range === undefined ? {} : { range }), ...(bin === undefined ? {} : { bin }), args: rest },
  };
}

function baseName(command: string): string {
  return (command.split(/[\\/]/).at(-1) ?? '').toLowerCase().replace(/\.(cmd|exe|bat)$/, '');
}
