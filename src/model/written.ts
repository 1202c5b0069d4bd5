import { digestJson } from '../base/digest.ts';

/**
 * What is left of something an agent wrote when its run is erased: enough to know it again by, and nothing to read. Of a
 * whole kind, `note#*`, there is nothing to hide.
 */
export function hideWritten(tenant: string, object: string): string {
  const kind = object.slice(0, object.indexOf('#'));
  return object === `${kind}#*` || isHidden(object) ? object : `${kind}#${digestJson([tenant, object])}`;
}

export const isHidden = (object: string): boolean => /^[^#]*#sha256:[0-9a-f]{64}$/.test(object);
