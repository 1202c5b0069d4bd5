import type { ResourceMetadata } from '../../contract/http.ts';
import type { RequestHead } from './head.ts';

export const METADATA_PATH = '/.well-known/oauth-protected-resource';

/** Where clients reach the gateway: as configured, otherwise as this request did, whose Host the guard has checked. */
export function originOf(head: RequestHead, publicOrigin: string | undefined): string {
  return publicOrigin ?? `${head.secure ? 'https' : 'http'}://${head.header('host') ?? 'localhost'}`;
}

/**
 * RFC 9728: which authorization servers issue tokens for the resource at `path`. The gateway itself where none is
 * configured: its tokens come from `POST /v1/runs` and from its command line.
 */
export function describeResource(
  origin: string,
  path: string,
  authorizationServers: readonly string[],
  scopes: readonly string[],
): ResourceMetadata {
  return {
    resource: `${origin}${path}`,
    authorization_servers: authorizationServers.length > 0 ? [...authorizationServers] : [origin],
    bearer_methods_supported: ['header'],
    scopes_supported: [...scopes],
    resource_name: 'Chaperone',
  };
}
