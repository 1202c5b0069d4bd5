import { openConfig } from '../app/open-config.ts';
import { identifyLocal } from '../app/people/identify-local.ts';
import { openAccounts } from '../app/people/open-accounts.ts';
import { audienceOf } from '../app/serve.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { NewTokenClaims } from '../contract/tokens.ts';
import { durationSchema } from '../model/duration.ts';
import { agentNameSchema } from '../model/principal.ts';
import { issueToken } from '../runtime/people/tokens.ts';
import type { CommandContext } from './command-context.ts';

/**
 * Issues a token with the gateway's own key. Whoever may run this in the data folder may be anybody: so the record says who
 * did, and for whom.
 */
export async function token(
  context: CommandContext,
  options: { readonly kind: string; readonly name: string; readonly life: string },
): Promise<void> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const { tenant } = loaded.manifest;
  const life = durationSchema.safeParse(options.life);
  if (!life.success) throw new Fault('E_USAGE', `--life expects ${life.error.issues[0]?.message ?? 'a duration'}`);
  if (!agentNameSchema.safeParse(options.name).success) {
    throw new Fault('E_USAGE', '--name expects letters, digits, `.`, `_` and `-`');
  }
  const claims = claimsOf(options.kind, options.name, tenant);
  const by = await identifyLocal(loaded, context.terminal.interactive);
  await using desk = await openAccounts(loaded);
  const expiresAtMs = systemClock.nowMs() + life.data;
  const text = await issueToken(desk, by, claims, audienceOf(loaded.manifest), expiresAtMs);
  context.terminal.data({ token: text, ...claims, expiresAtMs }, [text]);
}

function claimsOf(kind: string, name: string, tenant: string): NewTokenClaims {
  if (kind === 'agent' || kind === 'host' || kind === 'person') return { kind, sub: name, tenant };
  throw new Fault('E_USAGE', `--kind expects agent, host or person, not \`${kind}\``);
}
