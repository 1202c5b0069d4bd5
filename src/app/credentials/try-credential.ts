import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { CredentialConfig } from '../../model/credential.ts';

/** Asks the canary’s address with a value. Rejects with a `Fault` E_CREDENTIAL unless the answer is 2xx. */
export function tryCredential(canary: NonNullable<CredentialConfig['canary']>, value: string): Promise<void> {
  const { url, header, prefix } = canary;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Fault('E_CREDENTIAL', `the canary ${why}`));
    const start = url.startsWith('https:') ? httpsRequest : httpRequest;
    const signal = AbortSignal.timeout(limits.credentialTimeoutMs);
    const sent = start(url, { signal, headers: { [header]: prefix + value } }, (answer) => {
      answer.resume();
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status <= 299) resolve();
      else fail(`was answered with HTTP status ${status}`);
    });
    // No cause: what a library says of a request it could not send may quote the headers.
    sent.once('error', () => fail('was not answered'));
    sent.end();
  });
}
