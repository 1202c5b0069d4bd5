import { describe, expect, it } from 'vitest';
import { Secret } from '../../../base/secret.ts';
import { signAws } from './sign-aws.ts';

// The worked example of AWS's own description of Signature Version 4.
const key = {
  accessKeyId: new Secret('x', 'AKIDEXAMPLE'),
  secretAccessKey: new Secret('x', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
};
const example = {
  method: 'GET',
  url: 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08',
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  region: 'us-east-1',
  service: 'iam',
} as const;
const atMs = Date.UTC(2015, 7, 30, 12, 36, 0);

describe('signAws', () => {
  it('makes the signature of the published example', async () => {
    expect((await signAws(key, example, atMs))['authorization']).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });

  it('takes an old signature away, and leaves unsigned what may be changed on the way', async () => {
    const headers = {
      ...example.headers,
      authorization: 'AWS4-HMAC-SHA256 Credential=old',
      'x-amz-date': '20000101T000000Z',
      'x-amz-security-token': 'old',
      'x-amz-target': 'a.B',
      'user-agent': 'sdk',
    };
    const sessionToken = new Secret('x', 'the-session');
    const signed = await signAws({ ...key, sessionToken }, { ...example, headers }, atMs);
    expect(signed['x-amz-date']).toBe('20150830T123600Z');
    expect(signed['x-amz-security-token']).toBe('the-session');
    expect(signed['user-agent']).toBe('sdk');
    expect(signed['authorization']).toContain(
      'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,',
    );
    expect(JSON.stringify(signed)).not.toContain('old');
  });
});
