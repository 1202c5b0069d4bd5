import { describe, expect, it } from 'vitest';
import { readSourceFiles } from './source-files.ts';

/** Identifiers that belong in one place, where that is, and what to use instead everywhere else. */
const BANS: readonly { readonly ban: RegExp; readonly only: RegExp; readonly instead: string }[] = [
  {
    ban: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    only: /^src\/base\/clock\.ts$/,
    instead: 'the `Clock` that is handed in',
  },
  {
    ban: /\bMath\.random\b|(?<!clock\.)\brandomBytes\(|\brandomUUID\(/,
    only: /^src\/base\/clock\.ts$/,
    instead: '`clock.randomBytes` or `newId`',
  },
  { ban: /\bprocess\.env\b/, only: /^src\/(app\/|cli\/main\.ts$)/, instead: 'a parameter; app/ reads the environment' },
  {
    ban: /(?<![.\w#])(?<!async )fetch\((?!request: Request)/,
    only: /^src\/adapters\/(tools|http)\//,
    instead: 'an adapter',
  },
  {
    ban: /\bnew Intent\(/,
    only: /^src\/runtime\/line\/intend\.ts$/,
    instead: '`intend`: only a durable intent is one',
  },
  { ban: /\bnew Intended\(/, only: /^src\/runtime\/line\/intend\.ts$/, instead: '`intend`' },
  { ban: /\bnew Grant\(/, only: /^src\/runtime\/line\/settle\.ts$/, instead: '`settle`' },
  { ban: /\bnew Decided\(/, only: /^src\/runtime\/line\/decide\.ts$/, instead: '`decide`' },
  { ban: /\bnew Labelled\(/, only: /^src\/runtime\/line\/label\.ts$/, instead: '`label`' },
  { ban: /\bnew Validated\(/, only: /^src\/runtime\/line\/validate\.ts$/, instead: '`validate`' },
  { ban: /\bnew Scanned\(/, only: /^src\/runtime\/line\/scan\.ts$/, instead: '`scan`' },
  { ban: /\bnew Admitted\(/, only: /^src\/runtime\/line\/admit\.ts$/, instead: '`admit`' },
  { ban: /\bnew Executed\(/, only: /^src\/runtime\/line\/execute\.ts$/, instead: '`execute`' },
  { ban: /\bnew Verified\(/, only: /^src\/runtime\/line\/verify\.ts$/, instead: '`verify`' },
  { ban: /\bnew Outcome\(/, only: /^src\/runtime\/line\/conclude\.ts$/, instead: '`conclude`' },
  {
    ban: /\bas (unknown as )?(Intent|Intended|Grant|Decided|Labelled|Validated|Scanned|Admitted|Executed|Verified|Outcome)\b/,
    only: /^$/,
    instead: 'the stage that makes the proof; a cast forges it',
  },
  { ban: /\bas any\b|: any\b|<any>/, only: /^$/, instead: '`unknown`, and a parser' },
  { ban: /\beval\(|\bnew Function\(/, only: /^$/, instead: 'nothing: text never becomes code' },
  { ban: /\bsource\.call\(/, only: /^src\/runtime\/line\/execute\.ts$/, instead: 'the straight line' },
];

const files = readSourceFiles('src').filter((file) => !/\.(test|fixture)\.ts$/.test(file.path));

describe('bans', () => {
  it.each(BANS)('$ban only in $only', ({ ban, only, instead }) => {
    const wrong = files.filter((file) => !only.test(file.path) && ban.test(file.code)).map((file) => file.path);
    expect(wrong, `use ${instead}`).toEqual([]);
  });

  it('the bans can fail: each proof is constructed somewhere', () => {
    for (const { ban, only } of BANS.filter(
      (row) => row.ban.source.startsWith('\\bnew ') && row.only.source !== '^$',
    )) {
      const makers = files.filter((file) => only.test(file.path) && ban.test(file.code));
      if (only.source.includes('line')) expect(makers, ban.source).toHaveLength(1);
    }
  });

  it('no file is called utils, helpers, common, misc or manager, and none has grown past 400 lines', () => {
    expect(files.filter((file) => /\/(utils?|helpers?|common|misc|\w*manager)\.ts$/i.test(file.path))).toEqual([]);
    const long = files.filter((file) => file.text.split('\n').length > 400).map((file) => file.path);
    expect(long).toEqual([]);
  });

  it('nothing is left to do and no test is switched off', () => {
    const left = [...files, ...readSourceFiles('test')]
      .filter((file) => !file.path.startsWith('test/tidy/'))
      .filter((file) => /\b(TODO|FIXME|XXX)\b|\b(it|describe|test)\.(only|todo)\(/.test(file.text))
      .map((file) => file.path);
    expect(left).toEqual([]);
  });
});
