import type { Notify } from '../app/notice.ts';
import type { Terminal } from './terminal.ts';

/** Shows what the gateway has to say on stderr. */
export function printNotice(terminal: Terminal): Notify {
  return (notice) => {
    if (notice.kind === 'server-log') terminal.say(terminal.style('dim', `[${notice.server}] ${notice.message}`));
    else if (notice.kind === 'info') terminal.say(notice.message);
    else terminal.warn(notice.message);
  };
}
