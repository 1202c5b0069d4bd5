import { fileURLToPath } from 'node:url';

const isSource = import.meta.url.endsWith('.ts');

/** The relay's file, which runs in a machine with Node and nothing else. */
export function relayFile(): string {
  return fileURLToPath(new URL(`./relay.${isSource ? 'ts' : 'js'}`, import.meta.url));
}

/** Where it is seen inside. */
export function relayInside(): string {
  return isSource ? '/opt/relay.mts' : '/opt/relay.mjs';
}
