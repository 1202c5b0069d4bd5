import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that some tests run for real, and the Debian package it comes in. */
export interface Need {
  readonly program: string;
  /** Several, where it takes more than one. */
  readonly debianPackage: string;
  /** What it is for, and the tests that are skipped by name without it. */
  readonly reason: string;
}

export const needs: readonly Need[] = [
  { program: 'openssl', debianPackage: 'openssl', reason: 'test/e2e TLS: mints certificates to listen with' },
  { program: 'bwrap', debianPackage: 'bubblewrap', reason: 'test/e2e: runs programs within walls' },
  { program: 'curl', debianPackage: 'curl', reason: 'test/docs: runs the commands of the documents' },
  { program: 'rsyslogd', debianPackage: 'rsyslog rsyslog-openssl', reason: 'test/e2e telemetry: a real syslog daemon' },
  { program: 'setpriv', debianPackage: 'util-linux', reason: 'test/escape: tier `process`, where the gateway is root' },
  {
    program: 'python3',
    debianPackage: 'python3 python3-venv',
    reason: 'test/escape: what hostile programs are written in; test/conformance ledger: an S3 server from PyPI',
  },
  { program: 'chromium', debianPackage: 'chromium', reason: 'test/e2e: `chaperone/wasm` in a real browser' },
];

export function has(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/**
 * Says what is missing, and installs it where that is ours to do: as root on Debian, or in CI. Returns what is still
 * missing. In CI that is an error, since a skipped test proves nothing.
 */
export function provideNeeds(): readonly Need[] {
  const missing = needs.filter((need) => !has(need.program));
  if (missing.length === 0) return [];
  const packages = missing.flatMap((need) => need.debianPackage.split(' '));
  const ours = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (!ours) {
    for (const need of missing) {
      process.stderr.write(`missing: ${need.program} (${need.reason}); install the package ${need.debianPackage}\n`);
    }
    return missing;
  }
  process.stderr.write(`installing from Debian: ${packages.join(' ')}\n`);
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { stdio: 'inherit' });
  return missing.filter((need) => !has(need.program));
}
