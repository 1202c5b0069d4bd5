import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';

/** Who says it: the same for traces and metrics. */
export function describeResource(tenant: string): Resource {
  return resourceFromAttributes({ 'service.name': 'chaperone', 'service.namespace': tenant });
}
