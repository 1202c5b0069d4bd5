import { createTransport } from 'nodemailer';
import { Fault } from '../../base/fault.ts';
import type { Secret } from '../../base/secret.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { sayNotice } from './notice-text.ts';

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user?: string;
  readonly password?: Secret;
  readonly from: string;
  readonly to: readonly string[];
  /** How long each step of handing a mail over may take, milliseconds. */
  readonly timeoutMs: number;
}

/** Tells people by mail: plain text of Chaperone's own, nothing from outside in it, no HTML, nothing attached. */
export function openSmtp(options: SmtpOptions): Notifier {
  const { host, port, tls, user, password, from, to, timeoutMs } = options;
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === undefined ? {} : { auth: { user, pass: password?.reveal() ?? '' } }),
    disableFileAccess: true,
    disableUrlAccess: true,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
  return {
    async deliver(delivery, signal) {
      const { subject, lines } = sayNotice(delivery);
      const sent = transport.sendMail({
        from,
        to: [...to],
        subject,
        text: `${lines.join('\n')}\n`,
        // Sent twice, it is the same message to a mail program.
        messageId: `<${delivery.notice.id}@chaperone.invalid>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      });
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      const onAbort = () => reject(new Fault('E_NOTIFY', 'the channel failed: it did not answer in time'));
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const { rejected } = await Promise.race([sent, aborted]);
        if (rejected.length > 0)
          throw new Fault('E_NOTIFY', `the channel failed: ${rejected.length} addresses were refused`);
      } catch (error) {
        // What a mail server says may hold anything, and what the library says may quote it.
        throw error instanceof Fault ? error : new Fault('E_NOTIFY', 'the channel failed: the mail was not taken');
      } finally {
        signal.removeEventListener('abort', onAbort);
        sent.catch(() => {});
      }
    },
    async close() {
      transport.close();
    },
  };
}
