import { dataFolder, makeFolder } from '../app/data-folder.ts';
import { openConfig } from '../app/open-config.ts';
import { openSigner } from '../app/open-signer.ts';
import { audienceOf } from '../app/serve.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { NewTokenClaims } from '../contract/tokens.ts';
import { durationSchema } from '../model/duration.ts';
import { agentNameSchema } from '../model/principal.ts';
import type { CommandContext } from './command-context.ts';

/** Issues a token with the gateway's own key. Whoever may run this in the data folder may be anybody. */
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
  const data = dataFolder(loaded);
  await makeFolder(data);
  const signer = await openSigner(data, systemClock);
  const expiresAtMs = systemClock.nowMs() + life.data;
  const text = await signer.sign({ ...claims }, audienceOf(loaded.manifest), expiresAtMs);
  context.terminal.data({ token: text, ...claims, expiresAtMs }, [text]);
}

function claimsOf(kind: string, name: string, tenant: string): NewTokenClaims {
  if (kind === 'agent' || kind === 'host' || kind === 'person') return { kind, sub: name, tenant };
  throw new Fault('E_USAGE', `--kind expects agent, host or person, not \`${kind}\``);
}
