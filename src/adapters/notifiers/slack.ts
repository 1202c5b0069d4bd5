import type { Secret } from '../../base/secret.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { sayNotice } from './notice-text.ts';
import { postNotice } from './post-notice.ts';

/**
 * Tells a channel of Slack by an incoming webhook: plain text, nothing unfolded, no button that answers. Whoever wants
 * to answer follows the link.
 */
export function openSlack({ url }: { readonly url: Secret }): Notifier {
  return {
    async deliver(delivery, signal) {
      const { subject, lines } = sayNotice(delivery);
      const text = [subject, ...lines].map(escapeText).join('\n');
      const body = { text, mrkdwn: false, parse: 'none', link_names: false, unfurl_links: false, unfurl_media: false };
      await postNotice(new URL(url.reveal()), {}, JSON.stringify(body), signal);
    },
    close: async () => {},
  };
}

/** The three characters that Slack takes for control characters. */
function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
