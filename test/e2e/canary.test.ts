import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newFolder, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';

/** A call that nobody may make, tried by a real gateway: what `status` and `doctor` say of it. */

const CONFIG = 'version: 1\ncanary: { every: 1s }\n';

let opened: Awaited<ReturnType<typeof newFolder>>;
let gateway: RunningGateway;

beforeAll(async () => {
  opened = await newFolder(CONFIG);
  gateway = await startGateway(opened.folder);
});
afterAll(async () => {
  await gateway.stop();
  await opened.dispose();
});

async function readStatus(): Promise<{ readonly answer: string | null; readonly state: string }> {
  const { stdout } = await runCommand(opened.folder, ['--json', 'status']);
  return (JSON.parse(stdout) as { canary: { answer: string | null; state: string } }).canary;
}

it('is denied, and told as let through as soon as a rule lets it through', { timeout: 180_000 }, async () => {
  await expect.poll(readStatus, { timeout: 60_000, interval: 500 }).toMatchObject({ answer: 'denied', state: 'ok' });

  const { folder } = opened;
  await writeFile(join(folder, 'careless.cedar'), '@id("careless") permit (principal, action, resource);\n');
  await writeFile(join(folder, 'chaperone.yaml'), `${CONFIG}policies: [careless.cedar]\n`);
  await expect
    .poll(readStatus, { timeout: 60_000, interval: 500 })
    .toMatchObject({ answer: 'permitted', state: 'failed' });
  await expect.poll(() => gateway.stderr(), { timeout: 30_000 }).toContain('incident: `chaperone/canary`');

  const doctor = await runCommand(folder, ['--json', 'doctor']);
  expect(doctor.code).toBe(6);
  expect(doctor.stdout).toMatch(/"name":"canary","state":"failed"/);
  const { stdout } = await runCommand(folder, ['--json', 'tail', '--no-follow', '--last', '1000']);
  const [incident] = stdout.split('\n').filter((line) => line.includes('"incident.opened"'));
  expect(incident).toContain('canary-permitted');
  const { callId = '' } = JSON.parse(incident ?? '{}') as { callId?: string };
  const explained = await runCommand(folder, ['explain', callId]);
  expect(explained.stdout).toContain('careless');
});
