import { userInfo } from 'node:os';
import { diffLines } from '../app/clients/line-diff.ts';
import { openConfig } from '../app/open-config.ts';
import { identifyLocal } from '../app/people/identify-local.ts';
import { openTierReviews } from '../app/tier-reviews.ts';
import { openToolReview } from '../app/tool-review.ts';
import type { CommandContext } from './command-context.ts';
import { printNotice } from './print-notice.ts';

/** Shows, for every tool whose description changed since it was reviewed, what changed. */
export async function diffTools(context: CommandContext): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  await using review = await openToolReview(loaded, context.env, printNotice(terminal));
  const drifted = await review.listDrifted();
  terminal.data(
    drifted.map(({ name, reviewed, found }) => ({ tool: name, reviewed: reviewed.pin, found: found.pin })),
    drifted.flatMap(({ name, reviewed, found }) => [
      ...diffLines(name, reviewed.text, found.text).split('\n'),
      `reviewed as ${reviewed.pin}, found as ${found.pin}`,
      `accept it: chaperone tools review ${name} ${found.pin}`,
    ]),
  );
  if (drifted.length === 0) terminal.say('every tool is as it was reviewed');
}

/** Accepts a tool as `diff` showed it, named by the pin that stood there: nobody accepts what nobody looked at. */
export async function reviewTool(context: CommandContext, name: string, seen: string): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  await using review = await openToolReview(loaded, context.env, printNotice(context.terminal));
  const pin = await review.accept(name, seen, await identifyLocal(loaded, context.terminal.interactive));
  context.terminal.data({ tool: name, pin }, [`${name} is reviewed as ${pin}`]);
}

/** Shows the consequence of every tool; with the digest that stood there, records that somebody looked. */
export async function reviewTiers(context: CommandContext, options: { readonly accept?: string }): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  await using reviews = await openTierReviews(loaded, context.env, printNotice(terminal));
  const { digest, last, due } = reviews;
  if (options.accept !== undefined) {
    const by = `local:${userInfo().username}`;
    await reviews.accept(options.accept, by);
    terminal.data({ digest, by }, [`the consequences of ${reviews.tools.length} tools are reviewed, as ${digest}`]);
    return;
  }
  const tools = reviews.tools.map(({ name, effect, consequence, declared }) => ({
    name,
    effect,
    consequence,
    declared,
  }));
  terminal.data({ tools, digest, due: due ?? null, last: last === undefined ? null : { ...last } }, [
    ...tools.map(
      ({ name, effect, consequence, declared }) =>
        `${name}  ${effect}, ${consequence}${declared ? '' : ' (nobody declared it)'}`,
    ),
    last === undefined
      ? 'nobody has reviewed them yet'
      : `reviewed by ${last.by} at ${new Date(last.atMs).toISOString()}${last.digest === digest ? '' : '; they changed since'}`,
    `${due === undefined ? '' : `a review is due (${due}). `}accept them: chaperone tools tiers --accept ${digest}`,
  ]);
}
