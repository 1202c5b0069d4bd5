import type { Delivery } from '../../ports/notifier.ts';

/** Letters, digits and a few marks: nothing that a chat, a mail program or a terminal could take for more than a name. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9_./:-]{0,127}$/;

/** A name as it may be shown to people in chat and mail; of any other, that it cannot be shown. */
function showName(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : '(a name that is not shown here)';
}

export interface NoticeText {
  readonly subject: string;
  readonly lines: readonly string[];
}

/** What people are told, in words of Chaperone's own. No argument, no description, nothing that a model wrote. */
export function sayNotice({ notice, link }: Delivery): NoticeText {
  const { kind, facts, untilMs } = notice;
  const until = new Date(untilMs).toISOString();
  if (kind === 'approval.asked') {
    const id = showName(facts['approval']);
    return {
      subject: `Chaperone: a question waits for you (${id})`,
      lines: [
        'An agent asks for something that a person has to approve.',
        `agent: ${showName(facts['agent'])}`,
        `tool: ${showName(facts['tool'])}`,
        `consequence: ${showName(facts['consequence'])}`,
        `until: ${until}; silence denies`,
        ...(link === undefined ? [] : [`look at it: ${link}`]),
        `or at a terminal: chaperone approvals show ${id}`,
      ],
    };
  }
  const alert = showName(facts['alert']);
  const known = ['severity', 'agent', 'tool', 'server', 'run', 'call'].filter((name) => facts[name] !== undefined);
  return {
    subject: `Chaperone: ${alert}`,
    lines: [
      `alert: ${alert}`,
      ...known.map((name) => `${name}: ${showName(facts[name])}`),
      typeof facts['call'] === 'string' ? `see: chaperone explain ${showName(facts['call'])}` : 'see: chaperone status',
      ...(link === undefined ? [] : [link]),
    ],
  };
}
