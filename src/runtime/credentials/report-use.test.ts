import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../base/json.ts';
import type { EventKind, StoredEvent } from '../../model/event.ts';
import { CredentialUses } from './report-use.ts';

let seq = 0;
const event = (kind: EventKind, body: JsonObject): StoredEvent =>
  ({ seq: ++seq, id: `evt_${seq}`, kind, tenant: 'default', atMs: seq, body }) as unknown as StoredEvent;

describe('what a credential was used for', () => {
  it('is held against what was granted', () => {
    const uses = new CredentialUses();
    uses.add([
      event('credential.leased', { name: 'CRM', lease: 'lse_1', scopes: ['read', 'write', 'admin', 'odd'] }),
      event('egress.passed', { credentials: ['crm'], method: 'GET', path: '/contacts/7' }),
      event('egress.passed', { credentials: ['other'], method: 'POST', path: '/contacts/7' }),
      event('credential.revoked', { name: 'crm', lease: 'lse_1', revoked: 'yes' }),
    ]);
    const config = {
      scopes: ['read', 'write'],
      uses: { read: ['GET /contacts/*'], write: ['POST *', 'PUT *'], admin: ['* /admin/*'] },
    };
    expect(uses.report('crm', config)).toMatchObject({
      leases: 1,
      returned: 1,
      requests: 1,
      lastUsedMs: 2,
      granted: ['read', 'write', 'admin', 'odd'],
      more: ['admin', 'odd'],
      unused: ['write', 'admin'],
      untold: ['odd'],
    });
  });

  it('says what is owed until it was taken back after all', () => {
    const uses = new CredentialUses();
    uses.add([
      event('credential.leased', { name: 'one', lease: 'lse_1' }),
      event('credential.leased', { name: 'one', lease: 'lse_2' }),
      event('credential.revoked', { name: 'one', lease: 'lse_1', revoked: 'no' }),
      event('credential.revoked', { name: 'one', lease: 'lse_2', revoked: 'none' }),
      event('credential.refused', { name: 'one', code: 'E_CREDENTIAL' }),
    ]);
    expect(uses.report('one', undefined)).toMatchObject({
      leases: 2,
      owed: 1,
      returned: 0,
      unreturnable: 1,
      refused: 1,
    });
    uses.add([event('credential.revoked', { name: 'one', lease: 'lse_1', revoked: 'yes', late: true })]);
    expect(uses.report('one', undefined)).toMatchObject({ owed: 0, returned: 1 });
  });
});
