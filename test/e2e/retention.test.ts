import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/app/open-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createChaperone } from '../../src/index.ts';
import { newFolder, runCommand } from './start-gateway.ts';

const CONFIG = `version: 1
data: data
retention: { days: 30, regimes: [cert-in, eu-ai-act] }
`;

let folder: string;
let dispose: () => Promise<void>;
let runId: string;

beforeAll(async () => {
  ({ folder, dispose } = await newFolder(CONFIG));
  const chaperone = await createChaperone({ config: join(folder, 'chaperone.yaml'), notify: () => {} });
  const run = await chaperone.startRun({ agent: 'support', user: { id: 'ana' }, prompt: 'look something up' });
  runId = run.id;
  await run.end();
  await chaperone.close();
});
afterAll(() => dispose());

const run = (...args: string[]) => runCommand(folder, args);

async function recorded(): Promise<readonly { readonly kind: string; readonly body: object }[]> {
  const store = await openStore(join(folder, 'data'), systemClock);
  const kinds = ['record.erased', 'record.purged'] as const;
  const events = await store.readEvents({ tenant: 'default', kinds, limit: 100 });
  await store.close();
  return events;
}

it('a purge below the longest floor that applies is refused at the command line, whatever the configuration says', async () => {
  const floor = expect.stringMatching(/E_RETENTION .*184/);
  expect(await run('evidence', 'purge'), 'the 30 days of the configuration').toMatchObject({ stderr: floor });
  expect(await run('evidence', 'purge', '--days', '183')).toMatchObject({ stderr: floor });
  const { code } = await run('evidence', 'purge', '--days', '1');
  expect(code).not.toBe(0);
  expect(await recorded()).toEqual([]);
  expect(await run('evidence', 'purge', '--days', '184')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^0 /),
  });
});

it('and so is erasing what is younger, unless it is said that it has to go all the same, which is on record', async () => {
  const erase = (...more: string[]) => run('evidence', 'erase', '--run', runId, '--reason', 'asked to', ...more);
  expect(await erase()).toMatchObject({ stderr: expect.stringMatching(/E_RETENTION .*184/) });
  expect(await recorded()).toEqual([]);
  expect(await erase('--despite-retention')).toMatchObject({ code: 0 });
  expect(await recorded()).toMatchObject([
    { kind: 'record.erased', body: { run: runId, reason: 'asked to (despite retention)', by: expect.any(String) } },
  ]);
});
