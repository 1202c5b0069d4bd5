import type { Permission } from '../../model/person.ts';

/** What a route takes of a person: a permission, and, where it is `fresh`, that they have just shown they are there. */
export interface RouteRule {
  readonly permission: Permission;
  readonly fresh?: true;
}

/**
 * What each route takes of a person, by method and path. A route that is not here no person may use, whatever kinds of
 * token it lets in; a test holds that the table and the routes agree.
 */
export const routeRules: Readonly<Record<string, RouteRule>> = {
  'GET /v1/runs/:id': { permission: 'record.read' },
  'GET /v1/runs/:id/usage': { permission: 'record.read' },
  'POST /v1/runs/:id/resume': { permission: 'resume' },
  'GET /v1/calls/:id/receipt': { permission: 'record.read' },
  'GET /v1/approvals': { permission: 'record.read' },
  'GET /v1/approvals/:id': { permission: 'record.read' },
  'POST /v1/approvals/:id/answer': { permission: 'approval.answer' },
  'POST /v1/duties': { permission: 'approval.answer', fresh: true },
  'GET /v1/decisions/:id': { permission: 'record.read' },
  'GET /v1/events': { permission: 'record.read' },
  'POST /v1/scan': { permission: 'record.read' },
  'GET /metrics': { permission: 'record.read' },
  'GET /v1/isolations': { permission: 'record.read' },
  'POST /v1/stop': { permission: 'stop' },
  'POST /v1/resume': { permission: 'resume' },
  'GET /v1/me': { permission: 'self' },
  'DELETE /v1/me/sessions': { permission: 'self' },
  'POST /v1/me/password': { permission: 'self', fresh: true },
  'POST /v1/me/passkeys/options': { permission: 'self', fresh: true },
  'POST /v1/me/passkeys': { permission: 'self', fresh: true },
  'DELETE /v1/me/passkeys/:id': { permission: 'self', fresh: true },
  'GET /v1/people': { permission: 'people.read' },
  'POST /v1/people': { permission: 'people.change', fresh: true },
  'POST /v1/people/:id': { permission: 'people.change', fresh: true },
  'POST /v1/people/:id/enrolment': { permission: 'people.change', fresh: true },
  'DELETE /v1/people/:id/sessions': { permission: 'people.change' },
  'GET /v1/keys': { permission: 'people.read' },
  'POST /v1/keys': { permission: 'people.change', fresh: true },
  'DELETE /v1/keys/:id': { permission: 'people.change' },
};
