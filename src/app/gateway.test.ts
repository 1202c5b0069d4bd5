import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openMemoryStore } from '../adapters/stores/memory/open-memory-store.ts';
import { loadText } from './config/load-config.ts';
import { Gateway } from './gateway.ts';
import type { Notice } from './notice.ts';

it('says which changed settings a reload does not put into force', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-gateway-'));
  const notices: Notice[] = [];
  const load = (more: string) => loadText(`version: 1\n${more}`, 'chaperone.yaml', folder);
  const gateway = await Gateway.open({
    loaded: await load(''),
    environment: {},
    notify: (notice) => notices.push(notice),
    store: openMemoryStore(),
  });
  try {
    await gateway.replace(await load('mode: observe\n'));
    expect(notices).toEqual([]);
    await gateway.replace(await load('approvals: { timeout: 1m }\n'));
    expect(notices).toEqual([{ kind: 'warning', message: expect.stringContaining('`approvals` changed') }]);
  } finally {
    await gateway.close();
    await rm(folder, { recursive: true, force: true });
  }
});
