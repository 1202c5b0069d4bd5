import { Fault } from '../../../../base/fault.ts';

export interface PackageSpec {
  /** `@acme/mail-mcp` */
  readonly name: string;
  /** `1.4.2`: exact. */
  readonly version: string;
}

const SPEC =
  /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)@(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/;

/** Splits `name@1.2.3`; ranges, tags and addresses are a `Fault` E_SERVER_LAUNCH, since they float. */
export function parsePackageSpec(spec: string): PackageSpec {
  const [, name, version] = SPEC.exec(spec) ?? [];
  if (name === undefined || version === undefined) {
    throw new Fault('E_SERVER_LAUNCH', 'a package is started from an exact version only, written `name@1.2.3`');
  }
  return { name, version };
}

/** The name of the one folder a package version is installed in. No two specs share one. */
export function folderNameOf({ name, version }: PackageSpec): string {
  return `${name.replace('/', '+')}@${version}`; // a package name has no `+`
}
