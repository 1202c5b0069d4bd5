import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { issueToken, type RunningGateway, runCommand, startGateway } from './start-gateway.ts';

/**
 * A passkey of a real browser, with an authenticator of its own, by the HTTP routes alone: registered, signed in with, and
 * needed to approve what can do much harm.
 */

const CHROMIUM = '/usr/bin/chromium';
const TOOL = 'notes/send_note';
type Json = Record<string, unknown>;
interface Answer {
  readonly status: number;
  readonly body: Json;
}

let notes: NotesFolder;
let gateway: RunningGateway;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** Under the name that a passkey can be for: an address of numbers is none. */
let origin: string;
let csrf = '';

beforeAll(async () => {
  notes = await newNotesFolder();
  await notes.edit('consequence: medium', 'consequence: high');
  gateway = await startGateway(notes.folder);
  origin = gateway.origin.replace('127.0.0.1', 'localhost');
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  browser = await chromium.launch({ executablePath: CHROMIUM, args, timeout: 60_000 });
  // The gateway's own page forbids every script; what is tried here is the routes, as a page of a console would use them.
  context = await browser.newContext({ bypassCSP: true });
  page = await context.newPage();
  await page.goto(`${origin}/approvals/apr_0123456789`);
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
});
afterAll(async () => {
  await browser.close();
  await gateway.stop();
  await notes.dispose();
});

/** A request that the page makes, with the cookie that it has. */
async function ask(path: string, body: Json, token = csrf): Promise<Answer> {
  return page.evaluate(
    async ([to, sent, secret]) => {
      const response = await fetch(String(to), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-chaperone-csrf': String(secret) },
        body: JSON.stringify(sent),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    [path, body, token] as const,
  );
}

/** What the browser's authenticator makes of options that the gateway gave. */
async function authenticate(kind: 'create' | 'get', options: unknown): Promise<Json> {
  const parse = kind === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
  // As text: what a page knows of its browser is nothing that this program knows the types of.
  return page.evaluate(`(async () => {
    const publicKey = PublicKeyCredential.${parse}(${JSON.stringify(options)});
    return (await navigator.credentials.${kind}({ publicKey })).toJSON();
  })()`);
}

it('is registered, signs in, and approves what can do much harm, which a password does not', async () => {
  const { stdout } = await runCommand(notes.folder, ['--json', 'people', 'add', 'ana', '--role', 'approver']);
  const { code } = JSON.parse(stdout) as { code: string };
  const enrolled = await ask('/v1/sign-in/enrolment', { code, cookie: true });
  expect(enrolled.status, JSON.stringify(enrolled.body)).toBe(200);
  csrf = String(enrolled.body['csrf']);

  const wanted = await ask('/v1/me/passkeys/options', {});
  expect(wanted.status, JSON.stringify(wanted.body)).toBe(200);
  const made = await authenticate('create', wanted.body['options']);
  const named = { ticket: wanted.body['ticket'], name: 'laptop', response: made };
  expect(await ask('/v1/me/passkeys', named)).toMatchObject({ status: 200 });
  expect((await ask('/v1/me/passkeys', named)).status, 'the same answer once more').not.toBe(200);

  expect(await ask('/v1/me/password', { password: 'a horse on the stairs' })).toMatchObject({ status: 200 });

  const agent = await issueToken(notes.folder, 'agent', 'agent');
  const asked = await fetch(`${gateway.origin}/v1/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tool: TOOL, arguments: { to: 'a@example.com', body: 'hello' } }),
  });
  const { approval } = (await asked.json()) as { approval: { id: string } };
  const answer = (token?: string) =>
    ask(`/v1/approvals/${approval.id}/answer`, { approve: true, confirm: TOOL }, token);

  const password = await ask('/v1/sign-in', { name: 'ana', password: 'a horse on the stairs', cookie: true });
  csrf = String(password.body['csrf']);
  expect(await answer()).toMatchObject({ body: { error: { code: 'E_APPROVAL_PRESENCE' } } });

  const question = await ask('/v1/sign-in/passkey/options', {});
  const shown = await authenticate('get', question.body['options']);
  const given = { ticket: question.body['ticket'], response: shown, cookie: true };
  const signedIn = await ask('/v1/sign-in/passkey', given);
  expect(signedIn, JSON.stringify(signedIn.body)).toMatchObject({ status: 200, body: { person: 'ana' } });
  expect((await ask('/v1/sign-in/passkey', given)).status, 'an answer is good once').not.toBe(200);
  csrf = String(signedIn.body['csrf']);

  expect(await answer('forged'), 'a page of somebody else').toMatchObject({ body: { error: { code: 'E_CSRF' } } });
  expect(await answer()).toMatchObject({ status: 200, body: { approval: { state: 'approved' } } });
  expect(await answer()).toMatchObject({ body: { error: { code: 'E_APPROVAL_USED' } } });
});
