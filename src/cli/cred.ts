import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beginConsent, endConsent } from '../adapters/credentials/oauth/account.ts';
import type { LoadedConfig } from '../app/config/load-config.ts';
import { CredentialSources } from '../app/credentials/open-credentials.ts';
import { type Rotation, rotateCredential } from '../app/credentials/rotate-credential.ts';
import { tryCredential } from '../app/credentials/try-credential.ts';
import { dataFolder, makeFolder } from '../app/data-folder.ts';
import { openConfig } from '../app/open-config.ts';
import { openSigner } from '../app/open-signer.ts';
import { openActs } from '../app/people/open-acts.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { limits } from '../base/limits.ts';
import type { CredentialConfig } from '../model/credential.ts';
import { durationSchema } from '../model/duration.ts';
import type { CommandContext } from './command-context.ts';

/** Keeps a value, read from stdin, sealed under a name. */
export async function addCredential(context: CommandContext, name: string): Promise<void> {
  const { sources, loaded } = await open(context);
  await using acts = await openActs(loaded, context.terminal.interactive);
  if ((await sources.store.read(name)) !== undefined)
    throw new Fault('E_USAGE', `\`${name}\` has a value; replace it with \`chaperone cred rotate ${name}\``);
  const value = await readValue(context);
  await acts.perform({ name: 'cred add', what: { name } }, () => sources.store.write(name, value));
  context.terminal.data({ name, added: true }, [`${name} is kept, sealed`]);
  if (loaded.manifest.credentials[name] === undefined)
    context.terminal.say(`it is put in nowhere until \`credentials\` of the manifest names it with its \`hosts\``);
}

/** The names, what they are for, and whether there is a value. Never a value. */
export async function listCredentials(context: CommandContext): Promise<void> {
  const { sources, loaded } = await open(context);
  const kept = new Map((await sources.store.list()).map(({ name, changedAtMs }) => [name, changedAtMs]));
  const { credentials } = loaded.manifest;
  const rows = [...new Set([...Object.keys(credentials), ...kept.keys()])].sort().map((name) => {
    const config = credentials[name];
    const changedAtMs = kept.get(name);
    return {
      name,
      kind: config?.kind ?? 'sealed',
      hosts: config?.hosts ?? [],
      ...(changedAtMs === undefined ? {} : { changedAtMs }),
      ...(config === undefined || config.scopes.length === 0 ? {} : { scopes: config.scopes }),
      kept: changedAtMs !== undefined,
      named: config !== undefined,
    };
  });
  context.terminal.data(
    { credentials: rows },
    rows.map(({ name, kind, hosts, kept: has, named }) => {
      const where = named ? hosts.join(', ') : 'not named by the manifest';
      const value = has || kind === 'environment' || kind === 'client-credentials' || kind === 'token-exchange';
      return `${name}  ${kind}  ${where}${value ? '' : '  no value yet'}`;
    }),
  );
}

/** Replaces a value by one from stdin: tried first, and without a moment in which there is none. */
export async function rotate(
  context: CommandContext,
  name: string,
  options: { readonly drain: string; readonly canary: boolean },
): Promise<void> {
  const { sources, loaded } = await open(context);
  const drain = durationSchema.safeParse(options.drain);
  if (!drain.success) throw new Fault('E_USAGE', `--drain expects ${drain.error.issues[0]?.message ?? 'a duration'}`);
  const canary = loaded.manifest.credentials[name]?.canary;
  if (canary === undefined && options.canary)
    throw new Fault('E_USAGE', `\`${name}\` has no \`canary\`; name one, or say --no-canary to go without`);
  const tried = canary !== undefined && options.canary;
  await using acts = await openActs(loaded, context.terminal.interactive);
  const rotation: Rotation = {
    store: sources.store,
    name,
    value: await readValue(context),
    canary: tried ? (value) => tryCredential(canary, value) : undefined,
    drainMs: drain.data,
    tell: (step) => context.terminal.say(step),
  };
  await acts.perform({ name: 'cred rotate', what: { name, tried } }, () => rotateCredential(rotation));
  context.terminal.data({ name, rotated: true, tried }, [`${name} is rotated`]);
}

/** Throws a value away. What has been leased until now is not taken back by that: an issuer has to. */
export async function revokeCredential(context: CommandContext, name: string): Promise<void> {
  const { sources, loaded } = await open(context);
  await using acts = await openActs(loaded, context.terminal.interactive);
  await acts.perform({ name: 'cred revoke', what: { name } }, async () => {
    const removed = await sources.store.remove(name);
    for (const slot of ['next', 'previous'] as const) await sources.store.remove(name, slot);
    if (!removed) throw new Fault('E_NOT_FOUND', `there is no value of \`${name}\``);
  });
  context.terminal.data({ name, revoked: true }, [
    `the value of ${name} is gone; have its issuer take it back as well`,
  ]);
}

/** Connects a user’s account: opens a port of loopback, waits for the browser to come back, and keeps the tokens sealed. */
export async function connectAccount(context: CommandContext, name: string): Promise<void> {
  const { terminal, signal } = context;
  const { sources, loaded } = await open(context);
  const { credentials } = loaded.manifest;
  const config: CredentialConfig | undefined = credentials[name];
  if (config?.kind !== 'account') throw new Fault('E_USAGE', `\`${name}\` is no credential of kind \`account\``);
  await using acts = await openActs(loaded, terminal.interactive);
  const account = sources.account(name, config, credentials, loaded.folder);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  const consent = beginConsent(account, redirectUri);
  try {
    terminal.data({ name, url: consent.url }, [`open this address and consent:`, consent.url]);
    const answered = new Promise<URLSearchParams>((resolve) => {
      server.on('request', (request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? '/', redirectUri);
        response.setHeader('connection', 'close');
        if (pathname !== '/callback') return void response.writeHead(404).end();
        response.end('You can close this window and go back to the terminal.\n');
        resolve(searchParams);
      });
    });
    const stop = AbortSignal.any([signal, AbortSignal.timeout(limits.credentialConsentMs)]);
    const given = await Promise.race([answered, once(stop, 'abort').then(() => undefined)]);
    if (given === undefined) throw new Fault('E_CREDENTIAL', `nobody consented to \`${name}\` in time`);
    const granted = await acts.perform(
      { name: 'cred connect', what: { name } },
      () => endConsent(account, consent, redirectUri, given),
      (scopes) => ({ granted: [...scopes] }),
    );
    const missing = config.scopes.filter((scope) => !granted.includes(scope));
    terminal.data({ name, connected: true, granted: [...granted], missing }, [
      `${name} is connected; granted: ${granted.join(' ') || 'nothing in particular'}`,
      ...(missing.length === 0 ? [] : [`asked for and not granted: ${missing.join(' ')}`]),
    ]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function open(context: CommandContext): Promise<{ sources: CredentialSources; loaded: LoadedConfig }> {
  const loaded = await openConfig(context.configPath, context.cwd);
  const data = dataFolder(loaded);
  await makeFolder(data);
  const openSignerHere = () => openSigner(data, systemClock);
  const options = { data, clock: systemClock, environment: context.env, openSigner: openSignerHere };
  return { sources: new CredentialSources(options), loaded };
}

/** One value from stdin, without the line end behind it. It is not shown while it is typed by nobody: pipe it in. */
async function readValue({ terminal }: CommandContext): Promise<string> {
  if (terminal.interactive) terminal.say('reading the value from stdin; end with Ctrl-D');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limits.secretBytes) throw new Fault('E_USAGE', `a value has at most ${limits.secretBytes} bytes`);
    chunks.push(chunk);
  }
  const value = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (value === '') throw new Fault('E_USAGE', 'give the value on stdin');
  if (!/^[ -~]+$/.test(value)) throw new Fault('E_USAGE', 'a value that goes into a header is printable ASCII');
  return value;
}
