import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { digestBytes } from '../../../base/digest.ts';
import { canonicalJson, type JsonObject } from '../../../base/json.ts';
import type { StoredEvent } from '../../../model/event.ts';
import { readHeldBack } from '../../../model/exact.ts';
import type { Sealed } from '../../../model/sealed.ts';
import type { RecordKeys } from '../../../ports/record-keys.ts';
import { RunKey } from '../run-key.ts';
import { openReveals, type Salted } from './open-reveals.ts';

const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
const key = new RunKey(bytes);
const exact = { '/arguments/to': [[0, 40, 'ada@outside.test']] };
const BODY: JsonObject = { arguments: { to: '[personal email-address 16 #0123456789ab]' }, exact, verdict: 'ask' };

/** As it was sealed before anything could be held back: the commitment is to all of the text. */
function sealWhole(name: string, text: string): Sealed {
  const nonce = systemClock.randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', bytes, nonce).setAAD(Buffer.from(name));
  const box = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { commitment: commitTo({ salt: key.salt(name), text }), sealed: box.toString('base64') };
}

const commitTo = ({ salt, text }: Salted) => digestBytes(salt + text).slice('sha256:'.length);

function eventOf(sealed: Sealed, body = BODY): StoredEvent {
  const digest = digestBytes('it'); // not looked at here
  return { id: 'evt_1', kind: 'call.asked', tenant: 'acme', runId: 'run_1', atMs: 1, seq: 1, digest, body, sealed };
}

async function reveal(event: StoredEvent) {
  const store = { readRunKeys: async () => [{ runId: 'run_1', wrapped: 'w', expiresAtMs: 1 }] };
  const keys = { unwrap: async () => Uint8Array.from(bytes) } as unknown as RecordKeys; // asked for nothing else
  return (await openReveals(store, keys)('acme', [event])).get('evt_1');
}

describe('what is handed over of a sealed event', () => {
  it('can be held against its commitment without what is held back, and with it', async () => {
    const text = canonicalJson(BODY);
    const sealed = key.seal('evt_1', text, systemClock);
    expect(key.open('evt_1', sealed)).toBe(text);
    const { shown, exact: told, whole } = (await reveal(eventOf(sealed))) ?? {};
    if (shown === undefined || told === undefined) throw new Error('it is not divided');
    expect(whole).toBeUndefined();
    expect(shown.text).not.toContain('ada@');
    expect(commitTo(shown)).toBe(sealed.commitment);
    expect(JSON.parse(told.text)).toEqual(exact);
    const shownBody = JSON.parse(shown.text) as JsonObject;
    expect(commitTo(told)).toBe(readHeldBack(shownBody));
    expect({ ...shownBody, exact }).toEqual(BODY);
    expect(told.salt, 'the salt of what is shown opens nothing else').not.toBe(shown.salt);
  });

  it('is all or nothing where it was sealed before that, which opens still', async () => {
    const text = canonicalJson(BODY);
    const sealed = sealWhole('evt_1', text);
    expect(key.open('evt_1', sealed)).toBe(text);
    const revealed = await reveal(eventOf(sealed));
    expect(revealed).toEqual({ whole: { salt: key.salt('evt_1'), text } });
  });

  it('is all of it where nothing is held back, whatever it says', async () => {
    const body: JsonObject = { result: 'he said {"exact":{"/a":1}}', of: { exact: { a: 1 } } };
    const sealed = key.seal('evt_1', canonicalJson(body), systemClock);
    expect(await reveal(eventOf(sealed, body))).toEqual({
      shown: { salt: key.salt('evt_1'), text: canonicalJson(body) },
    });
    expect(commitTo({ salt: key.salt('evt_1'), text: canonicalJson(body) })).toBe(sealed.commitment);
  });

  it('does not open where what is held back is another one than was committed to', () => {
    const text = canonicalJson(BODY);
    const { commitment } = key.seal('evt_1', text, systemClock);
    const other = canonicalJson({ ...BODY, exact: { '/arguments/to': [[0, 40, 'eve@outside.test']] } });
    const { sealed } = key.seal('evt_1', other, systemClock);
    expect(() => key.open('evt_1', { sealed, commitment })).toThrow(/committed/);
  });
});
