import { describe, expect, it } from 'vitest';
import { Secret } from '../../../base/secret.ts';
import { type SignableBucketRequest, signBucketRequest } from './sign-bucket-request.ts';

// The worked examples of AWS's own description of Signature Version 4 for S3.
const key = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: new Secret('x', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
};
const example: SignableBucketRequest = {
  method: 'GET',
  base: new URL('https://examplebucket.s3.amazonaws.com'),
  path: '',
  query: {},
  headers: {},
  body: new Uint8Array(),
  region: 'us-east-1',
  atMs: Date.UTC(2013, 4, 24),
};
const sign = (over: Partial<SignableBucketRequest>) => signBucketRequest(key, { ...example, ...over });

describe('signBucketRequest', () => {
  it.each([
    [
      'reading an object',
      { path: 'test.txt', headers: { range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'writing one',
      {
        method: 'PUT' as const,
        path: 'test$file.text',
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        body: Buffer.from('Welcome to Amazon S3.'),
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'a parameter without a value',
      { query: { lifecycle: '' } },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'listing, in whatever order it is asked',
      { query: { prefix: 'J', 'max-keys': '2' } },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('makes the signature of the published example of %s', async (_, over, expected) => {
    const { headers } = await sign(over);
    expect(headers['authorization']).toContain(`Signature=${expected}`);
    expect(headers['authorization']).toContain('Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request');
  });

  it('writes the address as the signature takes it: sorted, and everything but unreserved characters encoded', async () => {
    const query = { prefix: "a/b=c+d e*'()!~", 'continuation-token': '1/x+==', 'list-type': '2', empty: '' };
    const { url } = await sign({ path: "evidence/it's (1)/x*", query });
    expect(url).toBe(
      'https://examplebucket.s3.amazonaws.com/evidence/it%27s%20%281%29/x%2A' +
        '?continuation-token=1%2Fx%2B%3D%3D&empty=&list-type=2&prefix=a%2Fb%3Dc%2Bd%20e%2A%27%28%29%21~',
    );
  });

  it('signs the token that goes with a key that was lent', async () => {
    const lent = { ...key, sessionToken: new Secret('x', 'the-session') };
    const { headers } = await signBucketRequest(lent, example);
    expect(headers['x-amz-security-token']).toBe('the-session');
    expect(headers['authorization']).toContain(';x-amz-security-token,');
  });
});
