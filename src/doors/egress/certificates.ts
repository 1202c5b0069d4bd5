import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Clock } from '../../base/clock.ts';

export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
  /** One key for every certificate of this process: it never leaves it. */
  readonly leafKeys: webcrypto.CryptoKeyPair;
  readonly leafKeyPem: string;
}

const crypto = webcrypto;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const YEAR_MS = 365 * 86_400_000;
const AUTHORITY_LIFE_MS = 10 * YEAR_MS;
const LEAF_LIFE_MS = 7 * 86_400_000;
/** Clocks of clients may be behind. */
const EARLIER_MS = 86_400_000;

/** Makes the authority of an installation, and gives its certificate and its key as one text, PEM. */
export async function makeAuthority(clock: Clock): Promise<string> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const serialNumber = newSerial(clock);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber,
      name: `CN=Chaperone egress ${serialNumber.slice(0, 8)}`,
      notBefore: new Date(clock.nowMs() - EARLIER_MS),
      notAfter: new Date(clock.nowMs() + AUTHORITY_LIFE_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  );
  return `${certificate.toString('pem')}\n${await exportKey(keys.privateKey)}\n`;
}

/** Reads it back. Throws what the parts that cannot be read throw. */
export async function readAuthority(text: string): Promise<Authority> {
  const parts = PemConverter.decodeWithHeaders(text);
  const partOf = (type: string) => parts.find((part) => part.type === type)?.rawData ?? new ArrayBuffer(0);
  const certificate = new X509Certificate(partOf('CERTIFICATE'));
  const key = await crypto.subtle.importKey('pkcs8', partOf('PRIVATE KEY'), ALGORITHM, false, ['sign']);
  const leafKeys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  return { certificate, key, leafKeys, leafKeyPem: await exportKey(leafKeys.privateKey) };
}

/** A certificate for one host, to be had at once. */
export function issueCertificate(
  authority: Authority,
  host: string,
  clock: Clock,
): { readonly issuing: Promise<{ readonly cert: string; readonly key: string }>; readonly expiresAtMs: number } {
  const expiresAtMs = clock.nowMs() + LEAF_LIFE_MS;
  return { issuing: issue(authority, host, clock, expiresAtMs), expiresAtMs };
}

async function issue(
  { certificate, key, leafKeys, leafKeyPem }: Authority,
  host: string,
  clock: Clock,
  expiresAtMs: number,
) {
  const isAddress = /^\[|^\d+\.\d+\.\d+\.\d+$/.test(host);
  const value = host.replace(/^\[|\]$/g, '');
  const leaf = await X509CertificateGenerator.create(
    {
      serialNumber: newSerial(clock),
      subject: 'CN=chaperone egress door',
      issuer: certificate.subject,
      notBefore: new Date(clock.nowMs() - EARLIER_MS),
      notAfter: new Date(expiresAtMs),
      signingAlgorithm: ALGORITHM,
      publicKey: leafKeys.publicKey,
      signingKey: key,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type: isAddress ? 'ip' : 'dns', value }], true),
        await AuthorityKeyIdentifierExtension.create(certificate, false, crypto),
      ],
    },
    crypto,
  );
  return { cert: `${leaf.toString('pem')}\n${certificate.toString('pem')}\n`, key: leafKeyPem };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** Positive, and not to be guessed. */
function newSerial(clock: Clock): string {
  return `4${Buffer.from(clock.randomBytes(16)).toString('hex').slice(1)}`;
}
