import { describe, expect, it } from 'vitest';
import { readAddress } from './address-range.ts';
import { isMetadataAddress, seeksMetadata } from './metadata-service.ts';

describe('a metadata service', () => {
  it.each([
    '169.254.169.254',
    '169.254.169.254:80',
    'http://169.254.169.254/latest/meta-data/',
    '2852039166',
    '0xa9fea9fe',
    '0xA9.0xFE.0xA9.0xFE',
    '0251.0376.0251.0376',
    '025177524776',
    '169.254.43518',
    '169.16689662',
    '１６９.254.169.254',
    '169.254.169.254.',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '::ffff:169.254.169.254',
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::1]',
    '[2001:0:1:2:3:4:5601:5601]',
    '[fd00:ec2::254]',
    '[fd00:0ec2:0:0:0:0:0:0254]:80',
    'fd00:ec2::254',
    'fd00:ec2::254:80',
    '[fe80::a9fe:a9fe%eth0]',
    '[fe80::a9fe:a9fe%25eth0]',
    '169.254.170.2',
    'user@169.254.169.254',
    'metadata.google.internal',
    'METADATA.google.INTERNAL.',
    'metadata:80',
    'instance-data',
    '169.254.169.254.nip.example',
    'x.169-254-169-254.sslip.example:443',
    'a9fea9fe.example',
    '169%2e254.169.254',
  ])('is sought by %j', (text) => {
    expect(seeksMetadata(text)).toBe(true);
  });

  it.each([
    ...['169.254.169.25', '169.254.10.1', '10.0.0.1', '127.0.0.1', '2852039167', 'metadata.example.com'],
    ...['my-metadata', 'example.com/169.254.169.254', 'a169.254.169.254.example', '[::1]', '', '[', 'a b', '%%%'],
  ])('is not sought by %j', (text) => {
    expect(seeksMetadata(text)).toBe(false);
  });

  // RFC 6052, section 2.2: behind prefixes of 32 to 96 bits, which any network may have of its own.
  const translated = [
    ...['2600:db8:a9fe:a9fe::', '2600:db8:1a9:fea9:fe::', '2600:db8:122:a9fe:a9:fe00::', '2600:db8:122:3a9:fe:a9fe::'],
    ...['2600:db8:122:344:a9:fea9:fe00:0', '2600:db8:122:344::a9fe:a9fe', '64:ff9b:1:a9fe:a9:fe00::'],
  ];

  it('is told by its address, carried in another or not', () => {
    const of = (text: string) => {
      const address = readAddress(text);
      return address !== undefined && isMetadataAddress(address);
    };
    for (const text of ['169.254.169.254', '::ffff:a9fe:a9fe', '2002:a9fe:a9fe:1::', 'fd00:ec2::254', ...translated])
      expect(of(text), text).toBe(true);
    for (const text of [
      '169.254.169.253',
      '::a9fe:a9ff',
      '2002:a9fe:a9ff::',
      'fd00:ec2::255',
      'a9fe:a9fe::',
      '2600:db8:1a9:fea9:ff::',
    ])
      expect(of(text), text).toBe(false);
  });
});
