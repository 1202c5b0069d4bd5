import { type CountryResponse, open as openDatabase } from 'maxmind';
import { Fault } from '../../base/fault.ts';
import type { EgressConfig } from '../../model/egress.ts';

type Countries = NonNullable<EgressConfig['countries']>;

/**
 * Says why an address must not be reached for the country it is in. The database is the user's own. Rejects with a
 * `Fault` E_CONFIG where it cannot be read.
 */
export async function openCountries(
  file: string,
  rules: Pick<Countries, 'allow' | 'deny' | 'unknown'>,
): Promise<(address: string) => string | undefined> {
  const database = await openDatabase<CountryResponse>(file).catch((cause: unknown) => {
    throw new Fault('E_CONFIG', `the GeoIP database ${file} cannot be read`, { cause });
  });
  const { allow, deny, unknown } = rules;
  return (address) => {
    const country = database.get(address)?.country?.iso_code;
    if (country === undefined) return unknown === 'allow' ? undefined : 'its country is not known';
    if (deny?.includes(country)) return `it is in ${country}, which is denied`;
    return allow === undefined || allow.includes(country) ? undefined : `it is in ${country}, which is not allowed`;
  };
}
