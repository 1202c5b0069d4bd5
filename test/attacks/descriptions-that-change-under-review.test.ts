import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LoadedConfig, loadText } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import { openCatalog } from '../../src/app/open-catalog.ts';
import { openToolReview } from '../../src/app/tool-review.ts';
import { pinTool } from '../../src/model/tool.ts';

const ANA = { person: 'ana', presence: 'terminal' } as const;

/**
 * A server that describes a tool differently each time it is started: what a person reads in one command is not what the
 * next one finds. Accepting names what was read.
 */
const script = join(import.meta.dirname, 'hostile-server.ts');
let folder: string;
/** A gateway that pins what it sees first. */
async function openGateway(loaded: LoadedConfig) {
  const gateway = await Gateway.open({ loaded, environment: process.env, notify: () => {} });
  return Object.assign(gateway, { [Symbol.asyncDispose]: () => gateway.close() });
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('accepts the description that was looked at, or none', async () => {
  const text = `version: 1\nservers: { s: { command: ${process.execPath}, args: [${script}, fickle] } }\n`;
  const loaded = await loadText(text, 'chaperone.yaml', folder, parseOptions);
  const open = () => openToolReview(loaded, process.env, () => {});
  {
    await using first = await open();
    const look = await openCatalog(loaded, process.env, () => {});
    const [tool] = look.tools;
    if (tool === undefined) throw new Error('the server lists a tool');
    // Started again, the server says something else: what was looked at is not what would be accepted.
    await expect(first.accept('s/act', pinTool(tool), ANA)).rejects.toMatchObject({ code: 'E_TOOL_DRIFTED' });
    await using store = await openGateway(loaded);
    expect(store.catalog.tools.size).toBe(1);
  }
  await using looked = await open();
  const seen = (await looked.listDrifted())[0]?.found.pin ?? '';
  expect(seen).toMatch(/^sha256:/);
  await using later = await open();
  await expect(later.accept('s/act', seen, ANA)).rejects.toMatchObject({ code: 'E_TOOL_DRIFTED' });
  await expect(looked.accept('s/act', seen, ANA)).resolves.toBe(seen);
});
