import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { requireServer } from './check-references.ts';
import { entriesOf } from './check-servers.ts';
import type { Report } from './report.ts';
import { suggest } from './suggest.ts';

/**
 * Tools that are named for when something fails, and to see what a write has brought about, are declared: one that is not
 * there when it is needed is found out at the worst moment. What is to see only reads. Works on the raw value.
 */
export function checkFailures(manifest: JsonObject, ownServers: readonly string[], report: Report): void {
  const servers = new Set([...entriesOf(manifest['servers']).map(([name]) => name), ...ownServers]);
  const declared = entriesOf(manifest['tools']);
  const names = declared.map(([name]) => name);
  for (const [tool, declaration] of declared) {
    if (!isJsonObject(declaration)) continue;
    const { verify, onFailure } = declaration;
    if (isJsonObject(verify) && typeof verify['call'] === 'string') {
      const path = ['tools', tool, 'verify', 'call'];
      checkName(verify['call'], path, names, servers, report);
      const looks = declared.find(([name]) => name === verify['call'])?.[1];
      if (isJsonObject(looks) && looks['effect'] === 'write')
        report(
          path,
          'error',
          `\`${verify['call']}\` is declared to write; what is looked at with has to read`,
          'value',
        );
    }
    if (typeof onFailure === 'string' && /\bcached\b/.test(onFailure) && declaration['effect'] !== 'read')
      report(
        ['tools', tool, 'onFailure'],
        'error',
        '`cached` is for a tool that is declared `effect: read`: an earlier write says nothing of one that failed',
        'value',
      );
    for (const named of usesOf(onFailure)) {
      const path = ['tools', tool, 'onFailure'];
      if (named === tool)
        report(path, 'error', `\`use ${named}\` is the tool itself; \`retry\` makes it again`, 'value');
      else checkName(named, path, names, servers, report);
    }
  }
}

function* usesOf(onFailure: JsonValue | undefined): Generator<string> {
  if (typeof onFailure !== 'string') return;
  for (const [, name = ''] of onFailure.matchAll(/\buse\s+(\S+)/g)) yield name;
}

function checkName(
  name: string,
  path: (string | number)[],
  declared: readonly string[],
  servers: ReadonlySet<string>,
  report: Report,
): void {
  if (!requireServer(name, servers, path, 'error', report) || declared.includes(name)) return;
  const server = `${name.split('/', 1)[0]}/`;
  const siblings = declared.filter((other) => other.startsWith(server)).map((other) => other.slice(server.length));
  const near = suggest(name.slice(server.length), siblings);
  const meant = near === undefined ? '' : `; did you mean \`${server}${near}\`?`;
  report(path, 'error', `\`${name}\` is not declared under \`tools\`${meant}`, 'value');
}
