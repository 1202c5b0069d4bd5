import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCountries } from '../../../src/doors/egress/open-countries.ts';
import { openEgressWorld } from '../../attacks/egress-world.ts';
import { writeMmdb } from './write-mmdb.ts';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-countries-'));
  file = join(folder, 'countries.mmdb');
  const database = { '93.184.0.0/16': 'US', '93.184.215.0/24': 'DE', '2a00::/12': 'FR', '1.0.0.0/8': 'AU' };
  await writeFile(file, writeMmdb(database));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('countries of a GeoIP database', () => {
  it.each([
    ['allowed', '93.184.215.14', undefined],
    ['in the wider network, which is not allowed', '93.184.1.1', 'US, which is not allowed'],
    ['of IPv6', '2a00:1450::1', undefined],
    ['not known', '8.8.8.8', 'its country is not known'],
    ['not known, of IPv6', '2600::1', 'its country is not known'],
    ['denied', '1.2.3.4', 'AU, which is denied'],
  ])('%s', async (_name, address, expected) => {
    const refuse = await openCountries(file, { allow: ['DE', 'FR'], deny: ['AU'], unknown: 'refuse' });
    const why = refuse(address);
    if (expected === undefined) expect(why).toBeUndefined();
    else expect(why).toContain(expected);
  });

  it('lets pass what is not known, and what is not denied, where the rules say so', async () => {
    const refuse = await openCountries(file, { deny: ['AU'], unknown: 'allow' });
    expect(['8.8.8.8', '93.184.1.1', '1.2.3.4'].map((address) => refuse(address) === undefined)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is not open where it cannot be read: a damaged file is a fault, and never an empty one', async () => {
    const broken = join(folder, 'broken.mmdb');
    await writeFile(broken, 'no database');
    await expect(openCountries(broken, { unknown: 'allow' })).rejects.toMatchObject({ code: 'E_CONFIG' });
    await expect(openCountries(join(folder, 'none'), { unknown: 'allow' })).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it('holds for every address of a name, at the door', async () => {
    await using world = await openEgressWorld({
      egress: { allow: [{ host: '*' }] },
      hosts: { 'mixed.test': ['93.184.215.14', '93.184.1.1'] },
      runtime: { refuseCountry: await openCountries(file, { allow: ['DE'], unknown: 'refuse' }) },
    });
    const status = await new Promise((resolve, reject) => {
      const sent = httpRequest({ socketPath: world.path, path: 'http://mixed.test/', headers: { host: 'mixed.test' } });
      sent.once('error', reject);
      sent.once('response', (answer) => {
        answer.resume();
        resolve([answer.statusCode, answer.headers['x-chaperone-code'] ?? '']);
      });
      sent.end();
    });
    expect(status).toEqual([403, expect.anything()]);
    expect((await world.events()).at(-1)?.body).toMatchObject({ code: 'E_EGRESS_COUNTRY' });
  });
});
