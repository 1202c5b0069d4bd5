import { describe, expect, it } from 'vitest';
import { digestBundle } from './digest-bundle.ts';

const policyFiles = [{ file: 'rules/x.cedar', text: 'permit (principal, action, resource);' }];
const templates = [{ id: 'triage', version: '1.0.0', text: 'Sort.' }];
const written = { version: 1, agents: { bot: { tools: { 'crm/*': {} } } } };
const bundle = digestBundle(written, { policyFiles, templates });

describe('the name of a bundle', () => {
  it('is the same wherever the files lie and in whatever order keys are written', () => {
    const elsewhere = [{ file: '/etc/rules/x.cedar', text: 'permit (principal, action, resource);' }];
    expect(digestBundle({ agents: written.agents, version: 1 }, { policyFiles: elsewhere, templates })).toBe(bundle);
  });

  it('is another for every other rule', () => {
    const others = [
      digestBundle({ ...written, mode: 'observe' }, { policyFiles, templates }),
      digestBundle(written, { policyFiles: [], templates }),
      digestBundle(written, { policyFiles: [{ file: 'rules/x.cedar', text: '' }], templates }),
      digestBundle(written, { policyFiles: [...policyFiles, ...policyFiles], templates }),
      digestBundle(written, { policyFiles }),
      digestBundle(written, { policyFiles, templates: [{ id: 'triage', version: '1.0.0', text: 'Sort!' }] }),
      digestBundle(written, { policyFiles, templates: [{ id: 'triage', version: '1.0.1', text: 'Sort.' }] }),
    ];
    expect(new Set([bundle, ...others]).size).toBe(others.length + 1);
  });
});
