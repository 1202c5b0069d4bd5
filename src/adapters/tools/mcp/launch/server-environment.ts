import { delimiter, isAbsolute } from 'node:path';
import { Fault } from '../../../../base/fault.ts';
import { revealText, type Secret } from '../../../../base/secret.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What every server inherits: where programs, the home folder and temporary files are, and how to print. Nothing else
 * of the gateway's environment reaches a server, since that is where the secrets of everything else are.
 */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR'];
const INHERITED_ON_WINDOWS = ['SYSTEMROOT', 'PATHEXT', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'TEMP', 'TMP'];

/** Variables by which other code is loaded into a program than the code its pin covers. */
const LOADS_CODE =
  /^(NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|LD_.*|DYLD_.*|GCONV_PATH|BASH_ENV|ENV|SHELLOPTS|PYTHON(PATH|HOME|STARTUP|USERBASE|BREAKPOINT)|PERL5(OPT|LIB|DB)|RUBY(OPT|LIB)|_?JAVA_(TOOL_)?OPTIONS|JDK_JAVA_OPTIONS|DOTNET_STARTUP_HOOKS)$/i;

/**
 * The environment of one server: what is declared for it, and the least a program needs of the gateway's own. With
 * `pinned`, a declared variable that would load other code is a `Fault` E_SERVER_LAUNCH.
 */
export function buildEnvironment(
  declared: Readonly<Record<string, string | Secret>>,
  environment: Environment,
  pinned: boolean,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of process.platform === 'win32' ? [...INHERITED, ...INHERITED_ON_WINDOWS] : INHERITED) {
    const value = environment[name];
    if (value !== undefined) result[name] = value;
  }
  result['PATH'] = searchFolders(environment).join(delimiter);
  for (const [name, value] of Object.entries(declared)) {
    if (pinned && LOADS_CODE.test(name)) {
      throw new Fault('E_SERVER_LAUNCH', `\`${name}\` would load code that the server’s pin does not cover; remove it`);
    }
    result[name] = revealText(value);
  }
  return result;
}

/** The absolute folders of PATH. Relative ones mean another program in every working directory. */
export function searchFolders(environment: Environment): string[] {
  const folders = (environment['PATH'] ?? environment['Path'] ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter);
  return folders.filter((folder) => isAbsolute(folder));
}
