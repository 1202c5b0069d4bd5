import { expect, it } from 'vitest';
import { digestTiers } from '../../src/runtime/approving/tier-review.ts';
import { ReviewWatch } from '../../src/runtime/approving/watch-reviews.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/* A review of the tools' consequences that is overdue is an alert: in the record, and to people, once a day. */

const DAY_MS = 86_400_000;
const catalogOf = (consequence: string, description = 'a tool') =>
  lawCatalog({
    tools: [lawTool('send', {}, description)],
    manifest: {
      version: 1,
      servers: { law: { command: 'law' } },
      tools: { 'law/send': { effect: 'write', consequence } },
      approvals: { reviews: { every: '90d' } },
      channels: { ops: { webhook: { url: 'https://hooks.test', secret: { secret: 'env:S' } } } },
    },
  });

it('is told when nobody has looked, when the tools or their tiers changed, and when it was too long ago', async () => {
  const law = await openLawWorld({ catalog: catalogOf('medium'), call: counting([]) });
  const watch = new ReviewWatch(law.world);
  const review = async () => {
    const { manifest, tools } = law.world.catalog();
    const digest = digestTiers(
      manifest,
      [...tools.values()].map(({ governed }) => governed),
    );
    const done = { tenant: 'default', digest, by: 'ana', atMs: law.world.clock.nowMs() };
    await law.truth.commit([{ kind: 'tiers.review', review: done }]);
  };
  expect(await watch.look()).toContain('never reviewed');
  expect(await watch.look(), 'once').toBeUndefined();
  law.advance(DAY_MS);
  expect(await watch.look(), 'and again the next day').toContain('never reviewed');
  await review();
  expect(await watch.look()).toBeUndefined();
  await law.enthrone(catalogOf('high'));
  expect(await watch.look()).toContain('the tools changed');
  await review();
  await law.enthrone(catalogOf('high', 'another tool'));
  expect(await watch.look()).toContain('the tools changed');
  await review();
  law.advance(90 * DAY_MS - 1);
  expect(await watch.look()).toBeUndefined();
  law.advance(1);
  expect(await watch.look()).toContain('too long ago');
  const events = await law.truth.readEvents({ tenant: 'default', limit: 100 });
  expect(events.filter(({ kind }) => kind === 'review.overdue')).toHaveLength(5);
  const notices = await law.truth.listNotices('default', law.world.clock.nowMs(), 10);
  expect(notices.map(({ channel, kind, facts }) => [channel, kind, facts['alert']])).toEqual(
    Array.from({ length: 5 }, () => ['ops', 'alert', 'review.overdue']),
  );
});

it('is nobody’s duty where the manifest asks for none', async () => {
  const catalog = lawCatalog({ tools: [lawTool('send', {})], manifest: { version: 1 } });
  const law = await openLawWorld({ catalog, call: counting([]) });
  expect(await new ReviewWatch(law.world).look()).toBeUndefined();
});
