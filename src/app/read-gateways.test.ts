import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadText } from './config/load-config.ts';
import { checkInstallation } from './doctor/check-installation.ts';
import { Gateway } from './gateway.ts';
import { openRecord } from './open-config.ts';
import { describeOther, readGateways } from './read-gateways.ts';

it('says who works on a data folder, by which configuration, and whether that is the one at hand', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-gateways-'));
  try {
    const load = (more: string) => loadText(`version: 1\n${more}`, 'chaperone.yaml', folder);
    const [mine, other] = [await load(''), await load('mode: observe\n')];
    const gateway = await Gateway.open({ loaded: mine, environment: {}, notify: () => {} });
    const read = async (loaded: typeof mine) => {
      const record = await openRecord(loaded);
      try {
        return await readGateways(loaded, record);
      } finally {
        await record.close();
      }
    };
    const doctor = async (loaded: typeof mine) =>
      (await checkInstallation(loaded, {})).find(({ name }) => name === 'gateways');
    try {
      const { pid } = process;
      expect(await read(mine)).toMatchObject({ pids: [pid], active: { pid, isThis: true, file: 'chaperone.yaml' } });
      const seen = await read(other);
      expect(seen).toMatchObject({ pids: [pid], active: { pid, isThis: false } });
      expect(seen.active && describeOther(seen.active)).toContain(`process ${pid} serves another configuration`);
      expect(await doctor(mine)).toMatchObject({ state: 'ok', detail: expect.stringContaining(String(pid)) });
      expect(await doctor(other)).toMatchObject({
        state: 'warning',
        detail: expect.stringContaining('serves another'),
      });
    } finally {
      await gateway.close();
    }
    const after = await read(other);
    expect(after.pids).toEqual([]);
    expect(after.active?.pid).toBeUndefined();
    expect(after.active && describeOther(after.active)).toContain('has ended');
    expect(await doctor(other)).toMatchObject({ state: 'ok' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
