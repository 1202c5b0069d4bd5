import { z } from 'zod';
import { delegatedSchema, dutySchema, plannedSchema, planSchema } from '../../src/contract/asking.ts';
import {
  answerSchema,
  approvalSchema,
  approvalsSchema,
  callAnswerSchema,
  callReceiptSchema,
  callSchema,
  errorSchema,
  eventsQuerySchema,
  eventsSchema,
  explanationSchema,
  ingestedSchema,
  ingestSchema,
  registeredTemplateSchema,
  reportedSchema,
  reportUsageSchema,
  runSchema,
  scannedSchema,
  scanSchema,
  startedRunSchema,
  startRunSchema,
  toolsSchema,
  usageSchema,
} from '../../src/contract/http.ts';
import {
  isolationsSchema,
  resumedSchema,
  resumeSchema,
  stoppedSchema,
  stopSchema,
} from '../../src/contract/isolation.ts';
import { modelStepSchema, templateSchema } from '../../src/contract/model-step.ts';
import {
  changePersonSchema,
  codeSchema,
  doneSchema,
  enrolSchema,
  issuedKeySchema,
  keysSchema,
  meSchema,
  newKeySchema,
  newPasskeySchema,
  newPasswordSchema,
  newPersonSchema,
  passkeyQuestionSchema,
  passkeySignInSchema,
  peopleListSchema,
  personSchema,
  signedInSchema,
  signInSchema,
} from '../../src/contract/people.ts';
import { SCOPES } from '../../src/doors/http/authenticate.ts';
import { routes } from '../../src/doors/http/door.ts';
import { code, table } from './table.ts';

/** The bodies by the names they have in the document. */
const BODIES = {
  StartRun: startRunSchema,
  Call: callSchema,
  ModelStep: modelStepSchema,
  Template: templateSchema,
  Reported: reportedSchema,
  RegisteredTemplate: registeredTemplateSchema,
  Answer: answerSchema,
  Plan: planSchema,
  Planned: plannedSchema,
  Duty: dutySchema,
  Delegated: delegatedSchema,
  EventsQuery: eventsQuerySchema,
  Error: errorSchema,
  Run: runSchema,
  StartedRun: startedRunSchema,
  Tools: toolsSchema,
  CallAnswer: callAnswerSchema,
  CallReceipt: callReceiptSchema,
  Approval: approvalSchema,
  Approvals: approvalsSchema,
  Events: eventsSchema,
  Explanation: explanationSchema,
  Ingest: ingestSchema,
  Ingested: ingestedSchema,
  Scan: scanSchema,
  Scanned: scannedSchema,
  ReportUsage: reportUsageSchema,
  Usage: usageSchema,
  Stop: stopSchema,
  Stopped: stoppedSchema,
  Resume: resumeSchema,
  Resumed: resumedSchema,
  Isolations: isolationsSchema,
  SignIn: signInSchema,
  Enrol: enrolSchema,
  PasskeySignIn: passkeySignInSchema,
  PasskeyQuestion: passkeyQuestionSchema,
  SignedIn: signedInSchema,
  Me: meSchema,
  NewPassword: newPasswordSchema,
  NewPasskey: newPasskeySchema,
  NewPerson: newPersonSchema,
  ChangePerson: changePersonSchema,
  Person: personSchema,
  People: peopleListSchema,
  Code: codeSchema,
  NewKey: newKeySchema,
  IssuedKey: issuedKeySchema,
  Keys: keysSchema,
  Done: doneSchema,
} as const;
type BodyName = keyof typeof BODIES;

interface RouteText {
  readonly does: string;
  readonly takes?: BodyName;
  /** Absent: what `status` says. */
  readonly gives?: BodyName;
  readonly status: string;
}

/** What each route is for, by method and path. The door's own table says which there are. */
const TEXTS: Readonly<Record<string, RouteText>> = {
  'POST /v1/runs': {
    does: 'Starts a run; the host attests user and prompt.',
    takes: 'StartRun',
    gives: 'StartedRun',
    status: '201',
  },
  'GET /v1/runs/:id': {
    does: 'Reads a run; an agent only the one its token is bound to.',
    gives: 'Run',
    status: '200, under `run`',
  },
  'DELETE /v1/runs/:id': {
    does: 'Ends a run: no further call of it is granted.',
    gives: 'Run',
    status: '200, under `run`',
  },
  'POST /v1/runs/:id/resume': {
    does: 'Lets a paused run go on, as the person of the token.',
    gives: 'Run',
    status: '200, under `run`',
  },
  'POST /v1/runs/:id/plans': {
    does: 'Asks people one question about these calls, each exactly as it will be made. A call that is denied refuses the plan.',
    takes: 'Plan',
    gives: 'Planned',
    status: '202 where somebody is asked, else 200',
  },
  'POST /v1/duties': {
    does: 'Lets somebody answer in the person’s place for a time. Takes somebody who has just signed in.',
    takes: 'Duty',
    gives: 'Delegated',
    status: '200',
  },
  'POST /v1/runs/:id/usage': {
    does: 'Counts what a model used, as the application knows it; an agent’s report counts in its run alone. Advisory.',
    takes: 'ReportUsage',
    gives: 'Usage',
    status: '200',
  },
  'GET /v1/runs/:id/usage': { does: 'Reads how much of its budgets a run has used.', gives: 'Usage', status: '200' },
  'GET /v1/tools': { does: 'Lists the tools this agent is shown.', gives: 'Tools', status: '200' },
  'POST /v1/calls': {
    does: 'Calls a tool.',
    takes: 'Call',
    gives: 'CallAnswer',
    status: '200, or 202 while a person is asked',
  },
  'GET /v1/calls/:id/receipt': {
    does: 'Proves that what became of a call is on record; an agent’s only its own. Ask again while it is pending.',
    gives: 'CallReceipt',
    status: '200, or 202 until a checkpoint covers it',
  },
  'POST /v1/runs/:id/ingest': {
    does: 'Brings content to a run that no tool brought, or the conversation so far: scanned, recorded, joined into what the run has read.',
    takes: 'Ingest',
    gives: 'Ingested',
    status: '200',
  },
  'POST /v1/runs/:id/steps': {
    does: 'Records one step of a model: what it was asked, thought and answered, and what that took.',
    takes: 'ModelStep',
    gives: 'Reported',
    status: '201',
  },
  'POST /v1/templates': {
    does: 'Registers a version of a prompt template, for steps to name; the same once more does nothing.',
    takes: 'Template',
    gives: 'RegisteredTemplate',
    status: '201',
  },
  'POST /v1/scan': {
    does: 'Looks at a text for instructions; nothing is recorded.',
    takes: 'Scan',
    gives: 'Scanned',
    status: '200',
  },
  'GET /v1/approvals': { does: 'Lists what waits for a person.', gives: 'Approvals', status: '200' },
  'GET /v1/approvals/:id': { does: 'Reads one approval.', gives: 'Approval', status: '200, under `approval`' },
  'POST /v1/approvals/:id/answer': {
    does: 'Answers it, once, as the person of the token.',
    takes: 'Answer',
    gives: 'Approval',
    status: '200, under `approval`',
  },
  'GET /v1/decisions/:id': {
    does: 'Reads why a call was decided as it was, by call id.',
    gives: 'Explanation',
    status: '200',
  },
  'GET /v1/events': {
    does: 'Pages through the record of the tenant.',
    takes: 'EventsQuery',
    gives: 'Events',
    status: '200',
  },
  'GET /metrics': { does: 'Numbers for whoever watches the gateway.', status: '200, text of Prometheus' },
  'GET /v1/isolations': { does: 'Lists what is stopped, by whom and why.', gives: 'Isolations', status: '200' },
  'POST /v1/stop': {
    does: 'Stops one of the things named; with `preview`, only says what that would meet.',
    takes: 'Stop',
    gives: 'Stopped',
    status: '200',
  },
  'POST /v1/resume': {
    does: 'Lets back what somebody else stopped.',
    takes: 'Resume',
    gives: 'Resumed',
    status: '200',
  },
  'POST /v1/sign-in': { does: 'Signs in by name and password.', takes: 'SignIn', gives: 'SignedIn', status: '200' },
  'POST /v1/sign-in/enrolment': { does: 'Signs in once, by a code.', takes: 'Enrol', gives: 'SignedIn', status: '200' },
  'POST /v1/sign-in/passkey/options': {
    does: 'What a page shows an authenticator to sign in.',
    gives: 'PasskeyQuestion',
    status: '200',
  },
  'POST /v1/sign-in/passkey': {
    does: 'Signs in with what the authenticator answered.',
    takes: 'PasskeySignIn',
    gives: 'SignedIn',
    status: '200',
  },
  'GET /v1/sign-in/oidc': { does: 'Sends a browser to the organisation.', status: '302' },
  'GET /v1/sign-in/oidc/callback': {
    does: 'Where the organisation sends it back; the session is a cookie.',
    gives: 'SignedIn',
    status: '200',
  },
  'GET /v1/me': { does: 'Who one is here, and where one is signed in.', gives: 'Me', status: '200' },
  'DELETE /v1/me/sessions': { does: 'Signs out; with `?all=true` everywhere.', gives: 'Done', status: '200' },
  'POST /v1/me/password': { does: 'Sets one’s password.', takes: 'NewPassword', gives: 'Done', status: '200' },
  'POST /v1/me/passkeys/options': {
    does: 'What a page shows an authenticator to make a passkey.',
    gives: 'PasskeyQuestion',
    status: '200',
  },
  'POST /v1/me/passkeys': {
    does: 'Adds the passkey that was made.',
    takes: 'NewPasskey',
    gives: 'Done',
    status: '200',
  },
  'DELETE /v1/me/passkeys/:id': { does: 'Takes a passkey away.', gives: 'Done', status: '200' },
  'GET /v1/people': {
    does: 'Lists accounts, by name; `?after=` the last one of the page before.',
    gives: 'People',
    status: '200',
  },
  'POST /v1/people': { does: 'Makes an account.', takes: 'NewPerson', gives: 'Person', status: '201' },
  'POST /v1/people/:id': {
    does: 'Changes what an account may do.',
    takes: 'ChangePerson',
    gives: 'Person',
    status: '200',
  },
  'POST /v1/people/:id/enrolment': { does: 'Issues a code to sign in with once.', gives: 'Code', status: '201' },
  'DELETE /v1/people/:id/sessions': { does: 'Signs somebody out everywhere.', gives: 'Done', status: '200' },
  'GET /v1/keys': { does: 'Lists keys by their first characters.', gives: 'Keys', status: '200' },
  'POST /v1/keys': { does: 'Issues a key, shown this once.', takes: 'NewKey', gives: 'IssuedKey', status: '201' },
  'DELETE /v1/keys/:id': { does: 'Revokes a key.', gives: 'Done', status: '200' },
};

/** The routes of the HTTP API, from the door's own table. Throws where one is not described, or is described and gone. */
export function printRoutes(): string {
  const names = routes.map(({ method, path }) => `${method} ${path}`);
  const gone = Object.keys(TEXTS).filter((name) => !names.includes(name));
  if (gone.length > 0) throw new Error(`described and not there: ${gone.join(', ')}`);
  const rows = routes.map(({ method, path, kinds }) => {
    const text = TEXTS[`${method} ${path}`];
    if (text === undefined) throw new Error(`the route ${method} ${path} is not described`);
    const { does, takes, gives, status } = text;
    return [
      code(`${method} ${path}`),
      kinds.join(', ') || 'none',
      does,
      takes ? link(takes) : '',
      gives === undefined ? status : `${status}: ${link(gives)}`,
    ];
  });
  return table(['route', 'token', 'what it does', 'takes', 'gives'], rows);
}

/** The kinds of token and the scope each has. */
export function printScopes(): string {
  const about = {
    agent: 'an agent; with `run`, for that run only',
    host: 'a host application, which attests user and prompt',
    person: 'somebody who answers approvals and reads the record',
  } as const;
  return table(
    ['kind', 'OAuth scope', 'who has it'],
    Object.entries(SCOPES).map(([kind, scope]) => [code(kind), code(scope), about[kind as keyof typeof about]]),
  );
}

/** Every body that a route takes or gives, as JSON Schema, and the body of an error. */
export function printBodies(): string {
  const named = routes.flatMap(({ method, path }) => {
    const text = TEXTS[`${method} ${path}`];
    return text ? [...(text.takes ? [text.takes] : []), ...(text.gives ? [text.gives] : [])] : [];
  });
  return [...new Set<BodyName>([...named, 'Error'])]
    .map((name) => {
      const { $schema: _, ...schema } = z.toJSONSchema(BODIES[name], {
        io: 'input',
        unrepresentable: 'any',
      });
      return `### ${name}\n\n\`\`\`json\n${JSON.stringify(schema, null, 2)}\n\`\`\``;
    })
    .join('\n\n');
}

function link(name: BodyName): string {
  return `[${name}](#${name.toLowerCase()})`;
}
