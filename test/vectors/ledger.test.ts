import { describe, expect, it } from 'vitest';
import { parseCheckpoint } from '../../src/ledger/checkpoint.ts';
import { emptyLog, growTree } from '../../src/ledger/grow-tree.ts';
import { cosignedBytes, parseNote, printNote, printSignature, verifyNote } from '../../src/ledger/note.ts';
import { parseProofFile, printProofFile } from '../../src/ledger/proof-file.ts';
import { toHex, toText } from '../../src/ledger/text-bytes.ts';
import { makeVerifierKey, parseVerifierKey } from '../../src/ledger/verifier-key.ts';

/** The leaves and roots that implementations of RFC 6962 test themselves with. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
] as const;

describe('RFC 6962', () => {
  it.each(ROOTS)('the root of %i leaves', (size, root) => {
    const leaves = LEAVES.slice(0, size).map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
    expect(toHex(growTree(emptyLog, leaves).head.root)).toBe(root);
  });
});

const KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const TEXT = 'This is an example message.\n';
const SIGNATURE = 'Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=';
const NOTE = `${TEXT}\n— example.com/foo ${SIGNATURE}\n`;

describe('C2SP signed-note', () => {
  const key = parseVerifierKey(KEY);
  if (key === undefined) throw new Error('the published key is not read');

  it('the key', () => {
    expect(key).toMatchObject({ name: 'example.com/foo', id: '530d903a', use: 'note' });
    expect(makeVerifierKey(key.name, 'note', key.publicKey).text).toBe(KEY);
    expect(parseVerifierKey(KEY.replace('530d903a', '530d903b'))).toBeUndefined();
    expect(parseVerifierKey(KEY.replace('foo', 'bar'))).toBeUndefined();
  });

  it('the note', () => {
    const note = parseNote(NOTE);
    expect(verifyNote(note, [key])).toEqual([{ key }]);
    expect(printNote(note.text, [printSignature(key, note.signatures[0]?.bytes ?? new Uint8Array())])).toBe(NOTE);
  });

  it('a note of which a letter was changed', () => {
    expect(() => verifyNote(parseNote(NOTE.replace('example', 'exbmple')), [key])).toThrow('does not hold');
  });

  it('sixteen signatures, fifteen of unknown keys', () => {
    const unknown = (i: number) => `— example.com/foo${i} ${SIGNATURE}\n`;
    const crowd = `${NOTE}${Array.from({ length: 15 }, (_, i) => unknown(i)).join('')}`;
    expect(verifyNote(parseNote(crowd), [key])).toHaveLength(1);
  });

  it.each([
    ['no empty line', NOTE.replace('\n\n', '\n')],
    ['no signature', `${TEXT}\n`],
    ['a control character', NOTE.replace('an', 'a\tn')],
    ['no last newline', NOTE.slice(0, -1)],
    ['base64 that is padded otherwise', NOTE.replace('aQM=', 'aQM')],
    ['base64 with bits that count for nothing', NOTE.replace('aQM=', 'aQN=')],
    ['a dash that is none', NOTE.replace('—', '-')],
    ['two spaces', NOTE.replace('foo ', 'foo  ')],
  ])('is no note with %s', (_, text) => {
    expect(() => parseNote(text)).toThrow('not a signed note');
  });
});

const CHECKPOINT = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`;

describe('C2SP tlog-checkpoint and tlog-cosignature', () => {
  it('the checkpoint, cosigned', () => {
    const checkpoint = parseCheckpoint(CHECKPOINT);
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
    expect(checkpoint.note.signatures.map(({ keyId }) => keyId)).toEqual(['033de0ae', '8d66cf3f']);
    const time = checkpoint.note.signatures[1]?.bytes.subarray(0, 8) ?? new Uint8Array();
    expect(toHex(time)).toBe('00000000641850cb'); // 1679315147, as the specification prints it
  });

  it('what a witness signs', () => {
    const { note } = parseCheckpoint(CHECKPOINT);
    expect(toText(cosignedBytes(note.text, 1_679_315_147), 'it')).toBe(
      'cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
    );
  });

  it.each([
    ['a size with a leading zero', CHECKPOINT.replace('\n2085', '\n02085')],
    ['a negative size', CHECKPOINT.replace('\n2085', '\n-2085')],
    [
      'a root of 31 bytes',
      CHECKPOINT.replace(
        'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=',
        'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==',
      ),
    ],
    ['no origin', CHECKPOINT.replace('example.com/behind-the-sofa\n', '\n')],
  ])('is no checkpoint with %s', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow('not a');
  });
});

const PROOF = `c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

${CHECKPOINT}`;

describe('C2SP tlog-proof', () => {
  it('the file, read and written', () => {
    const proof = parseProofFile(PROOF);
    expect(proof).toMatchObject({ index: 73_894, checkpoint: CHECKPOINT });
    expect(proof.hashes).toHaveLength(2);
    expect(toText(proof.extra ?? new Uint8Array(), 'it')).toBe('age-v1.2.1-darwin-arm64.tar.gz');
    expect(printProofFile(proof)).toBe(PROOF);
  });

  it.each([
    ['another version', PROOF.replace('@v1', '@v2')],
    ['no index', PROOF.replace('index 73894\n', '')],
    ['an index with a leading zero', PROOF.replace('index 7', 'index 07')],
    ['a hash cut off', PROOF.replace('gSKyXoYZ', '')],
  ])('is no proof with %s', (_, text) => {
    expect(() => parseProofFile(text)).toThrow('not a proof file');
  });
});
