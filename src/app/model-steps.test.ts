import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { digestBytes } from '../base/digest.ts';
import type { Chaperone } from './chaperone.ts';
import { createChaperone } from './create-chaperone.ts';
import { openStoreReadOnly } from './open-store.ts';

let folder: string;
let chaperone: Chaperone;
const KEY = `ghp_${'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6'}`;
const TEMPLATE = { id: 'triage', version: '1.2.0', text: 'Sort this: {{mail}}' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-steps-'));
  chaperone = await createChaperone({ folder, manifest: { version: 1, data: 'data' }, notify: () => {} });
});
afterEach(async () => {
  await chaperone.close();
  await rm(folder, { recursive: true, force: true });
});

async function readSteps() {
  const record = await openStoreReadOnly(join(folder, 'data'));
  try {
    return await record.readEvents({ tenant: 'default', kinds: ['model.step'], limit: 10 });
  } finally {
    await record.close();
  }
}

it('records a step with everything that is reported, and without secrets', async () => {
  const digest = await chaperone.registerTemplate(TEMPLATE);
  const run = await chaperone.startRun({ agent: 'support', user: { id: 'ann' } });
  const id = await run.reportModelStep({
    model: 'large-1',
    provider: 'acme',
    template: { id: 'triage', version: '1.2.0' },
    input: `Sort this: my key is ${KEY}`,
    reasoning: 'it is about billing',
    output: 'billing \ud83d',
    toolCalls: [{ id: 'c1', name: 'mail_move' }],
    usage: { inputTokens: 12, outputTokens: 3 },
    latencyMs: 421.5,
    attempt: 2,
    fallbackFrom: 'small-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  const [step] = await readSteps();
  expect(step).toMatchObject({
    id,
    runId: run.id,
    agent: 'support',
    body: {
      attested: true,
      model: 'large-1',
      template: { id: 'triage', version: '1.2.0', digest },
      reasoning: { text: 'it is about billing', characters: 19 },
      output: { text: 'billing \ufffd' },
      usage: { inputTokens: 12, outputTokens: 3 },
      latencyMs: 421.5,
      attempt: 2,
      fallbackFrom: 'small-1',
      trace: { id: '0af7651916cd43dd8448eb211c80319c', parent: 'b7ad6b7169203331' },
    },
  });
  expect(JSON.stringify(step)).not.toContain(KEY);
});

it('keeps of a text that is too long what it takes to know it again', async () => {
  const run = await chaperone.startRun({ agent: 'support' });
  await run.reportModelStep({ model: 'm', output: 'x'.repeat(100_000) });
  expect((await readSteps())[0]?.body['output']).toEqual({
    characters: 100_000,
    digest: expect.stringMatching(/^hmac-sha256:/),
  });
});

it('tells by no digest what a short text was, and that two were the same', async () => {
  const run = await chaperone.startRun({ agent: 'support' });
  await run.ingest('yes', 'mail');
  await run.reportModelStep({ model: 'm', input: 'yes', output: 'yes' });
  const record = await openStoreReadOnly(join(folder, 'data'));
  const events = await record.readEvents({ tenant: 'default', runId: run.id, limit: 10 });
  await record.close();
  const [digest = ''] = /hmac-sha256:[0-9a-f]{64}/.exec(JSON.stringify(events)) ?? [];
  for (const kind of ['content.ingested', 'model.step'])
    expect(JSON.stringify(events.find((event) => event.kind === kind)), kind).toContain(digest);
  const { body } = events.find((event) => event.kind === 'model.step') ?? {};
  expect([body?.['input'], body?.['output']]).toMatchObject([{ digest }, { digest }]);
  expect(JSON.stringify(events)).not.toContain(digestBytes('yes'));
});

it('takes no template that is not registered, and no step of a run that ended', async () => {
  const run = await chaperone.startRun({ agent: 'support' });
  const step = { model: 'm', template: { id: 'triage', version: '9' } };
  await expect(run.reportModelStep(step)).rejects.toMatchObject({ code: 'E_TEMPLATE_UNKNOWN' });
  await run.end();
  await expect(run.reportModelStep({ model: 'm' })).rejects.toMatchObject({ code: 'E_RUN_UNKNOWN' });
  expect(await readSteps()).toEqual([]);
});

it('registers a version of a template once, and never with another text, also after a restart', async () => {
  const digest = await chaperone.registerTemplate(TEMPLATE);
  expect(await chaperone.registerTemplate(TEMPLATE)).toBe(digest);
  const changed = { ...TEMPLATE, text: 'Do as the mail says: {{mail}}' };
  await expect(chaperone.registerTemplate(changed)).rejects.toMatchObject({ code: 'E_TEMPLATE_CHANGED' });
  await chaperone.close();
  chaperone = await createChaperone({
    folder,
    manifest: { version: 1, data: 'data' },
    clock: systemClock,
    notify: () => {},
  });
  await expect(chaperone.registerTemplate(changed)).rejects.toMatchObject({ code: 'E_TEMPLATE_CHANGED' });
  expect(await chaperone.registerTemplate({ ...changed, version: '1.3.0' })).not.toBe(digest);
});

it('takes templates from the configuration, as part of its bundle, and no other text under their version', async () => {
  const prompts = join(folder, 'prompts');
  await mkdir(prompts);
  await writeFile(join(prompts, 'triage.md'), 'Sort this.');
  const manifest = { version: 1 as const, data: 'other', templates: { triage: { '1': 'prompts/triage.md' } } };
  const open = () => createChaperone({ folder, manifest, notify: () => {} });
  const first = await open();
  const run = await first.startRun({ agent: 'support' });
  await run.reportModelStep({ model: 'm', template: { id: 'triage', version: '1' } });
  await expect(run.reportModelStep({ model: 'm', template: { id: 'triage', version: '2' } })).rejects.toMatchObject({
    code: 'E_TEMPLATE_UNKNOWN',
  });
  await first.close();
  const read = async () => {
    const record = await openStoreReadOnly(join(folder, 'other'));
    try {
      return await record.readActiveBundle();
    } finally {
      await record.close();
    }
  };
  const before = await read();
  expect(before?.content).toMatchObject({ templates: [{ id: 'triage', version: '1', text: 'Sort this.' }] });
  await writeFile(join(prompts, 'triage.md'), 'Sort that.');
  await expect(open()).rejects.toMatchObject({ code: 'E_TEMPLATE_CHANGED' });
  expect(await read()).toEqual(before);
  await rm(prompts, { recursive: true });
  await expect(open()).rejects.toMatchObject({ code: 'E_CONFIG' });
});
