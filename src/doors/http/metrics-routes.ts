import { answerHeaders } from './refuse.ts';
import { type Route, route } from './route.ts';

/** Numbers for whoever watches the gateway. They say what is used and refused, so reading them takes a person’s token. */
export const metricsRoutes: readonly Route[] = [
  route('GET', '/metrics', ['person'], async ({ runtime, claims }) => {
    const { contentType, text } = await runtime.printMetrics(claims.tenant);
    return new Response(text, { status: 200, headers: { ...answerHeaders, 'content-type': contentType } });
  }),
];
