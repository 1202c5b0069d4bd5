import type { Digest } from '../../../../base/digest.ts';
import { Fault } from '../../../../base/fault.ts';
import { findPackage, type PackagePlaces } from './find-package.ts';
import { parsePackageSpec } from './package-spec.ts';

/** What a manifest writes about one package. */
export interface PackagePin {
  readonly package: string;
  readonly integrity: string;
  readonly digest: Digest;
}

/**
 * The pin of an installed package as it lies on disk now. Throws a `Fault` E_NOT_FOUND if it is not installed,
 * E_SERVER_INTEGRITY if no lock file gives its integrity.
 */
export async function readPin(packageSpec: string, places: PackagePlaces): Promise<PackagePin> {
  const spec = parsePackageSpec(packageSpec);
  const found = await findPackage(spec, places);
  if (found === undefined) {
    throw new Fault(
      'E_NOT_FOUND',
      `${packageSpec} is not installed; run \`chaperone servers install ${packageSpec}\` first`,
    );
  }
  const { integrity } = found;
  if (integrity === undefined)
    throw new Fault('E_SERVER_INTEGRITY', `no lock file gives the integrity of ${packageSpec}`);
  return { package: packageSpec, integrity, digest: await found.digest() };
}

/** The pin as lines of `chaperone.yaml`, to be put below the server's name. */
export async function printPin(packageSpec: string, places: PackagePlaces): Promise<string> {
  const pin = await readPin(packageSpec, places);
  return [`package: "${pin.package}"`, `integrity: ${pin.integrity}`, `digest: ${pin.digest}`, ''].join('\n');
}
