import { Fault } from '../../../../base/fault.ts';

/** What a client is given, and where it may go for it. */
export interface Locked {
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}

interface LockEntry {
  readonly resolved?: unknown;
  readonly integrity?: unknown;
  readonly link?: unknown;
  readonly inBundle?: unknown;
}

const STRONG = /(^|\s)sha(384|512)-[A-Za-z0-9+/=]{40,}/;

/**
 * Reads a `package-lock.json`: every package by one archive of a registry, with its digest. Throws a `Fault` E_PACKAGES
 * for anything that could be one thing today and another tomorrow.
 */
export function readNpmLock(text: string, name: string, hosts: ReadonlySet<string>): Locked {
  const refuse = (why: string): never => {
    throw new Fault('E_PACKAGES', `${name}: ${why}`);
  };
  let lock: { lockfileVersion?: unknown; packages?: Record<string, LockEntry & { dependencies?: unknown }> };
  try {
    lock = JSON.parse(text) as typeof lock;
  } catch {
    return refuse('this is not JSON');
  }
  if (lock.lockfileVersion !== 2 && lock.lockfileVersion !== 3) refuse('only lock files of version 2 and 3 are read');
  const packages = lock.packages ?? {};
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '') continue;
    if (entry.link === true || !path.startsWith('node_modules/')) refuse(`\`${path}\` is a folder, not a package`);
    if (entry.inBundle === true) continue; // it lies in the archive of another one
    if (typeof entry.integrity !== 'string' || !STRONG.test(entry.integrity))
      refuse(`\`${path}\` has no digest that can be relied on`);
    const host = typeof entry.resolved === 'string' ? hostOf(entry.resolved) : undefined;
    if (host === undefined) refuse(`\`${path}\` is no archive of a registry`);
    else if (!hosts.has(host)) refuse(`\`${path}\` comes from ${host}, which is not allowed`);
  }
  const manifest = { name: 'sandbox', version: '0.0.0', private: true, dependencies: packages['']?.dependencies ?? {} };
  const root = { ...packages[''], ...manifest };
  const whole = { ...lock, name: 'sandbox', version: '0.0.0', packages: { ...packages, '': root } };
  return {
    files: [
      { path: 'package.json', bytes: Buffer.from(JSON.stringify(manifest)) },
      { path: 'package-lock.json', bytes: Buffer.from(JSON.stringify(whole)) },
    ],
  };
}

const REQUIREMENT = /^[A-Za-z0-9][\w.-]*(\[[\w,. -]+\])?==[\w.+!-]+(\s*;[^#]*?)?((\s+--hash=sha256:[0-9a-f]{64})+)$/;

/** Reads requirements: each a name, one version, and digests. Throws a `Fault` E_PACKAGES for any other line. */
export function readRequirements(text: string, name: string): Locked {
  const lines = text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
  for (const line of lines) {
    if (!REQUIREMENT.test(line))
      throw new Fault(
        'E_PACKAGES',
        `${name}: \`${line.slice(0, 80)}\` is not one version with its digests (\`name==1.2 --hash=sha256:…\`)`,
      );
  }
  return { files: [{ path: 'requirements.txt', bytes: Buffer.from(`${lines.join('\n')}\n`) }] };
}

/** Host and port of an address, as rules of the egress door write them. */
export function hostOf(address: string): string | undefined {
  try {
    const { protocol, host } = new URL(address);
    return protocol === 'http:' || protocol === 'https:' ? host : undefined;
  } catch {
    return undefined;
  }
}
