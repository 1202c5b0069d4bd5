import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { attemptBypasses } from '../../src/app/doctor/attempt-bypasses.ts';
import { type Attempt, type ProbeTarget, standingOf } from '../../src/app/doctor/bypass.ts';
import { findUser } from '../../src/app/doctor/find-user.ts';
import { parseOptions } from '../../src/app/host-server.ts';

/**
 * Everything private but one file: an agent of another user that can write a policy, or read what a server
 * authenticates with, needs no gateway, and a doctor that does not try it calls that a boundary.
 */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
let folder: string;
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bypasses(
  open: 'policy' | 'secret' | 'folder' | 'program' | 'files' | 'certificate' | 'keys' | 'nothing',
): Promise<readonly string[]> {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  const place = join(folder, 'place');
  await mkdir(join(place, '.chaperone'), { recursive: true, mode: 0o700 });
  const write = (name: string, text: string, mode: number) => writeFile(join(place, name), text, { mode });
  await write('rules.cedar', 'forbid (principal, action, resource) when { context.run.integrity == "x" };\n', 0o600);
  await write('token', 'plum-otter-3f\n', 0o600);
  await write(
    'chaperone.yaml',
    `version: 1
data: .chaperone
policies: [rules.cedar]
listen: { tls: { cert: tls.pem, key: tls.pem } }
servers:
  s: { url: "http://127.0.0.1:9/", headers: { authorization: { secret: "file:token" } } }
  run: { command: ${process.execPath}, args: [server.mjs], files: [parts], digest: "sha256:${'0'.repeat(64)}" }
`,
    0o600,
  );
  await write('server.mjs', 'process.exit(1);\n', 0o644);
  await write('tls.pem', 'a key\n', 0o600);
  await mkdir(join(place, 'parts'));
  await write('parts/lib.mjs', '', 0o644);
  await mkdir(join(place, '.chaperone', 'keys'), { mode: 0o700 });
  await chmod(place, 0o755);
  if (open === 'program') await chmod(join(place, 'server.mjs'), 0o666);
  if (open === 'files') await chmod(join(place, 'parts', 'lib.mjs'), 0o666);
  if (open === 'certificate') await chmod(join(place, 'tls.pem'), 0o644);
  if (open === 'keys') {
    await chmod(join(place, '.chaperone'), 0o755);
    await chmod(join(place, '.chaperone', 'keys'), 0o777);
  }
  await chmod(folder, open === 'folder' ? 0o777 : 0o755);
  if (open === 'policy') await chmod(join(place, 'rules.cedar'), 0o666);
  if (open === 'secret') await chmod(join(place, 'token'), 0o644);
  const attempts = await attemptBypasses(await loadConfig(join(place, 'chaperone.yaml'), parseOptions), NOBODY);
  return attempts.filter(({ bypassed }) => bypassed).map(({ name }) => name);
}

/** What the probe finds as nobody with these groups, where a configuration is open to the group 4242. */
async function probeWith(groups: readonly number[]): Promise<readonly string[]> {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  await chmod(folder, 0o755);
  const config = join(folder, 'chaperone.yaml');
  await writeFile(config, 'version: 1\n');
  await chown(config, 0, 4_242);
  await chmod(config, 0o660);
  const nowhere = join(folder, 'nowhere', 'x');
  const target: ProbeTarget = {
    config,
    policies: [],
    secrets: [],
    store: nowhere,
    keys: nowhere,
    own: [],
    files: [],
    programs: [],
    unstarted: [],
    addresses: [],
    gatewayPids: [],
    user: { uid: NOBODY, gid: NOBODY, groups },
  };
  const probe = join(import.meta.dirname, '..', '..', 'src', 'app', 'doctor', 'probe.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [probe, JSON.stringify(target)]);
  const attempts = JSON.parse(stdout) as readonly Attempt[];
  return attempts.filter(({ bypassed }) => bypassed).map(({ name }) => name);
}

describe.runIf(isRoot)('doctor, as another user', () => {
  it('has every group of that user', async () => {
    expect(await probeWith([NOBODY])).toEqual([]);
    await rm(folder, { recursive: true, force: true });
    expect(await probeWith([NOBODY, 4_242])).toEqual(['edit the configuration']);
    expect(await findUser(0)).toMatchObject({ uid: 0, gid: 0, groups: expect.arrayContaining([0]) });
    expect(await findUser(54_321)).toEqual({ uid: 54_321, gid: 54_321, groups: [54_321] });
  });

  it('calls nothing a boundary where a way could not be attempted', async () => {
    folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
    const text = `version: 1\nservers: { s: { package: none@1.0.0, integrity: sha512-${'A'.repeat(86)}== } }\n`;
    await writeFile(join(folder, 'chaperone.yaml'), text, { mode: 0o600 });
    await chmod(folder, 0o755);
    const attempts = await attemptBypasses(await loadConfig(join(folder, 'chaperone.yaml'), parseOptions), NOBODY);
    expect(attempts.filter(({ bypassed }) => bypassed)).toEqual([]);
    expect(attempts.find(({ name }) => name === 'call `s` directly')).toMatchObject({ skipped: true });
    expect(standingOf(attempts)).toBe('seatbelt');
  });

  it.each([
    ['nothing', []],
    ['policy', ['edit the policies']],
    ['secret', ['read the secrets']],
    ['program', ['change the program of `run`']],
    ['files', ['change the program of `run`']],
    ['certificate', ['take the key of the certificate']],
    ['keys', ['put keys of its own in place']],
    [
      'folder',
      [
        'edit the configuration',
        'edit the policies',
        'put keys of its own in place',
        'take the key of the certificate',
        'change the program of `run`',
      ],
    ],
  ] as const)('sees that %s is open', async (open, expected) => {
    expect(await bypasses(open)).toEqual(expected);
  });
});

describe.runIf(process.platform === 'linux')('doctor, from within the walls of a program', () => {
  /** Whether it finds that a policy that is not there any more can be put in place, below `/tmp`, from this workspace. */
  async function canPutPolicy(workspace: (folder: string) => string): Promise<boolean | undefined> {
    folder = await mkdtemp('/tmp/chaperone-attack-');
    const work = join(folder, 'work');
    const place = join(folder, 'place');
    await mkdir(work);
    await mkdir(place);
    const rules = `${folder}-rules`;
    await mkdir(rules);
    await writeFile(join(rules, 'rules.cedar'), '');
    await writeFile(join(place, 'chaperone.yaml'), `version: 1\npolicies: ["${rules}/rules.cedar"]\n`);
    const loaded = await loadConfig(join(place, 'chaperone.yaml'), parseOptions);
    await rm(rules, { recursive: true });
    const attempts = await attemptBypasses(loaded, undefined, process.env, workspace(work));
    return attempts.find(({ name }) => name === 'edit the policies')?.bypassed;
  }

  it('sees what lies in the host’s own /tmp where that is the workspace', async () => {
    expect(await canPutPolicy(() => '/tmp')).toBe(true);
  });

  it('and takes nothing there for it where the program has one of its own', async () => {
    expect(await canPutPolicy((work) => work)).toBe(false);
  });
});
