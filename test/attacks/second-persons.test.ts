import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Chaperone, createChaperone, openMemoryStore } from '../../src/index.ts';

/** Attempts to be one's own second person. */

let folder: string;
let chaperone: Chaperone;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  chaperone = await createChaperone({
    folder,
    store: openMemoryStore(),
    notify: () => undefined,
    environment: {},
    manifest: {
      version: 1,
      data: join(folder, 'data'),
      agents: { a: {} },
      approvals: { people: { ana: { aliases: ['local:root', 'ana@company.com'] }, bo: {} } },
    },
  });
});
afterEach(async () => {
  await chaperone.close();
  await rm(folder, { recursive: true, force: true });
});

describe('what one person stopped', () => {
  const names = ['ana', 'local:root', 'ana@company.com'];

  it.each(names.flatMap((stops) => names.map((resumes) => [stops, resumes] as const)))(
    'as %s, nobody lets back as %s',
    async (stops, resumes) => {
      await chaperone.stop({ agent: 'a' }, { person: stops, reason: 'odd' });
      const back = chaperone.resume({ agent: 'a' }, { person: resumes, reason: 'fine' });
      await expect(back).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });
      await chaperone.resume({ agent: 'a' }, { person: 'bo', reason: 'looked' });
    },
  );

  it('nobody else is taken for', async () => {
    await chaperone.stop({ agent: 'a' }, { person: 'bo', reason: 'odd' });
    await chaperone.resume({ agent: 'a' }, { person: 'local:root', reason: 'looked' });
  });
});
