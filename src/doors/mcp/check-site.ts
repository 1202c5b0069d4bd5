/**
 * Why a request may come from a page that a browser was tricked into running, or `undefined`: its `Host` or `Origin`
 * names a host this gateway does not answer for. Programs send no `Origin`; browsers cannot leave it out.
 */
export function findForeignSite(headers: Headers, hosts: ReadonlySet<string>): string | undefined {
  const host = headers.get('host');
  if (host === null || !hosts.has(hostName(`http://${host}`))) return 'the Host header names another site';
  const origin = headers.get('origin');
  if (origin !== null && !hosts.has(hostName(origin))) return 'the Origin header names another site';
  return undefined;
}

function hostName(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}
