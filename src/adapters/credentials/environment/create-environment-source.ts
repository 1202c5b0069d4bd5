import { Fault } from '../../../base/fault.ts';
import { Secret } from '../../../base/secret.ts';
import type { CredentialSource } from '../../../ports/credentials.ts';

/** A variable of the gateway's own environment: for development, where whoever runs the gateway is who it is for. */
export function createEnvironmentSource(
  variable: string,
  environment: Readonly<Record<string, string | undefined>>,
): CredentialSource {
  return {
    async lease() {
      const value = Object.hasOwn(environment, variable) ? environment[variable] : undefined;
      if (value === undefined || value === '')
        throw new Fault('E_CREDENTIAL', `the variable \`${variable}\` is not set`);
      return { secret: new Secret(`env:${variable}`, value) };
    },
  };
}
