import { existsSync } from 'node:fs';

/** A container engine of this host. */
export interface Engine {
  readonly name: 'podman' | 'docker';
  readonly path: string;
}

/**
 * Podman where it is there; Docker where somebody runs its daemon and says in `CHAPERONE_DOCKER` where its client is. By
 * root: rootless containers take a user with ranges of ids, which is the host's to set up.
 */
export function listEngines(): readonly Engine[] {
  if (process.getuid?.() !== 0) return [];
  const docker = process.env['CHAPERONE_DOCKER'];
  return [
    ...(existsSync('/usr/bin/podman') ? [{ name: 'podman', path: '/usr/bin/podman' } as const] : []),
    ...(docker === undefined ? [] : [{ name: 'docker', path: docker } as const]),
  ];
}
