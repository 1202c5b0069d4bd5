import { z } from 'zod';
import type { Clock } from '../../../base/clock.ts';
import { Secret } from '../../../base/secret.ts';
import type { CredentialSource } from '../../../ports/credentials.ts';
import { askIssuerForJson, failed } from '../ask-issuer.ts';

/** A secret of a Doppler config. */
export interface DopplerOptions {
  readonly name: string;
  readonly url?: string;
  readonly project: string;
  readonly config: string;
  readonly secret: string;
  /** Gives a service token, which should be good for this config alone. */
  readonly readLogin: () => Promise<Secret>;
  readonly readTrust?: () => Promise<string | undefined>;
  readonly clock: Clock;
}

/** What is kept there may be replaced by anybody: after so long it is read again. */
const FRESH_MS = 300_000;

const answerSchema = z.object({ value: z.object({ computed: z.string().min(1) }) });

/** A value that Doppler keeps, its references resolved. It is the same for all, so nothing takes it back. */
export function createDopplerSource(options: DopplerOptions): CredentialSource {
  const { name, url = 'https://api.doppler.com', project, config, secret, readLogin, readTrust, clock } = options;
  return {
    async lease({ signal }) {
      const query = new URLSearchParams({ project, config, name: secret });
      const parsed = answerSchema.safeParse(
        await askIssuerForJson({
          name,
          who: 'Doppler',
          url: `${url.replace(/\/+$/, '')}/v3/configs/config/secret?${query}`,
          headers: { authorization: `Bearer ${(await readLogin()).reveal()}` },
          trust: await readTrust?.(),
          signal,
        }),
      );
      if (!parsed.success) throw failed({ name }, 'Doppler answered with something else than a secret');
      return {
        secret: new Secret(`cred:${name}`, parsed.data.value.computed),
        freshUntilMs: clock.nowMs() + FRESH_MS,
      };
    },
  };
}
