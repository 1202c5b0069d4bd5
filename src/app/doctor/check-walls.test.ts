import { describe, expect, it } from 'vitest';
import { loadText } from '../config/load-config.ts';
import { parseOptions } from '../host-server.ts';
import { checkWalls } from './check-walls.ts';

async function check(manifest: object) {
  const loaded = await loadText(JSON.stringify({ version: 1, ...manifest }), 'chaperone.yaml', '/', parseOptions);
  return checkWalls(loaded, { PATH: '/nowhere' });
}

describe('walls that profiles ask for', () => {
  it('are looked at before a call is refused for them, each tier once', async () => {
    const profiles = { thick: { tier: 'gvisor' }, unused: { tier: 'microvm' } };
    const checks = await check({ builtin: { code: { js: 'snippet', wasm: 'snippet', python: 'thick' } }, profiles });
    expect(checks).toEqual([
      { name: 'walls wasm', state: 'ok', detail: expect.any(String) },
      { name: 'walls gvisor', state: 'failed', detail: expect.stringMatching(/^E_SANDBOX_UNAVAILABLE: .*runsc/) },
    ]);
  });

  it('are none where nobody asks for any', async () => {
    expect(await check({})).toEqual([]);
  });
});
