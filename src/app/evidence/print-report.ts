import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { Approval } from '../../model/approval.ts';
import type { StoredEvent } from '../../model/event.ts';
import type { Contents } from './archive-form.ts';

/**
 * The beginning and end of a report that a person reads: one page, no script, nothing loaded. Whatever somebody else wrote
 * is text in it, with what cannot be seen made visible.
 */
export function printReportHead(contents: Omit<Contents, 'files'>): string {
  const rows = Object.entries({
    tenant: contents.tenant,
    ...contents.scope,
    made: contents.madeAt,
    events: `${contents.events}${contents.uncovered > 0 ? ` (and ${contents.uncovered} that no checkpoint covered yet)` : ''}`,
    log: `${contents.log.origin}, ${contents.log.size} events`,
    ...(contents.incident === undefined
      ? {}
      : {
          noticed: contents.incident.noticedAt,
          'to CERT-In by': contents.incident.certInBy,
          'to the Data Protection Board by': contents.incident.dpdpBy,
        }),
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Evidence</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${STYLE}</style>
<h1>Evidence</h1>
<table>${rows.map(([name, value]) => `<tr><th>${show(name)}</th><td>${show(value)}</td></tr>`).join('\n')}</table>
<p>This page is a view. What counts is <code>events.ndjson</code>, held against the log by <code>chaperone evidence verify</code>.</p>
<h2>What happened</h2>
<table><tr><th>event</th><th>time</th><th>what</th><th>who</th><th>tool</th><th>decision</th><th>why</th></tr>
`;
}

export function printReportRow(event: StoredEvent): string {
  const { seq, atMs, kind, agent, tool, callId, body, erased } = event;
  const { verdict, code, ok } = body;
  const decision = [verdict, code, ok === false ? 'failed' : undefined].filter((part) => typeof part === 'string');
  const cells = [
    String(seq),
    new Date(Math.trunc(atMs)).toISOString(),
    `${kind}${callId === undefined ? '' : ` ${callId}`}`,
    [agent, typeof body['by'] === 'string' ? body['by'] : undefined].filter(Boolean).join(', '),
    tool ?? '',
    decision.join(' '),
    reasonsOf(body),
  ];
  const told =
    erased === true
      ? '<em>erased</em>'
      : `<details><summary>all</summary><pre>${show(JSON.stringify(body, null, 2))}</pre></details>`;
  return `<tr>${cells.map((cell) => `<td>${show(cell)}</td>`).join('')}</tr>\n<tr><td></td><td colspan="6">${told}</td></tr>\n`;
}

export function printReportEnd(approvals: readonly Approval[], bundles: readonly string[]): string {
  const rows = approvals.map(
    ({ id, tool, state, arguments: args, answers }) =>
      `<tr>${[id, tool, state, JSON.stringify(args), (answers ?? []).map(({ by }) => by).join(', ')].map((cell) => `<td>${show(cell)}</td>`).join('')}</tr>`,
  );
  return `</table>
<h2>Questions to people</h2>
<table><tr><th>id</th><th>tool</th><th>state</th><th>arguments</th><th>answered by</th></tr>
${rows.join('\n')}</table>
<h2>Rules in force</h2>
<ul>${bundles.map((bundle) => `<li><code>${show(bundle)}</code></li>`).join('')}</ul>
</html>
`;
}

const STYLE =
  'body{font:14px system-ui;margin:2rem;max-width:80rem}table{border-collapse:collapse;margin:1rem 0}' +
  'td,th{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}pre{white-space:pre-wrap}';

function reasonsOf(body: JsonObject): string {
  const { reasons } = body;
  if (!Array.isArray(reasons)) return '';
  return reasons
    .filter(isJsonObject)
    .map(({ code, message, policy, place }) => {
      const at = isJsonObject(place) ? `${String(place['file'])}:${String(place['line'])}` : '';
      return [code, message, policy, at].filter((part) => typeof part === 'string' && part !== '').join(' · ');
    })
    .join('\n');
}

// Control, format and bidirectional characters, and whatever shows as nothing at all; line feeds stay.
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}\p{Cs}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function show(text: string): string {
  return text
    .replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)?.toString(16).padStart(4, '0')}}`)
    .replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
}
