import { attemptBypasses } from '../app/doctor/attempt-bypasses.ts';
import { attemptToJson, standingOf } from '../app/doctor/bypass.ts';
import type { Check } from '../app/doctor/check.ts';
import { checkInstallation } from '../app/doctor/check-installation.ts';
import { openConfig } from '../app/open-config.ts';
import { Fault } from '../base/fault.ts';
import type { CommandContext } from './command-context.ts';

const MARKS = { ok: ['green', '✓'], warning: ['yellow', '!'], failed: ['red', '✗'] } as const;

/** Checks the installation, attempts every bypass, and says whether Chaperone is a seatbelt or a boundary here. */
export async function doctor(
  context: CommandContext,
  options: { readonly user?: number; readonly inside?: boolean },
): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const checks = await checkInstallation(loaded, context.env);
  const attempts = await attemptBypasses(loaded, options.user, context.env, options.inside ? context.cwd : undefined);
  const standing = standingOf(attempts);
  const mark = (state: Check['state']) => terminal.style(MARKS[state][0], MARKS[state][1]);
  terminal.data({ standing, checks: checks.map((check) => ({ ...check })), attempts: attempts.map(attemptToJson) }, [
    ...checks.map(({ name, state, detail }) => `${mark(state)} ${name}: ${detail}`),
    '',
    `ways around Chaperone, attempted ${options.inside ? 'from within the walls of `chaperone run`' : `as ${options.user === undefined ? 'this user' : `user ${options.user}`}`}:`,
    ...attempts.map(({ name, bypassed, skipped, how }) => {
      const came = skipped ? 'not attempted' : bypassed ? 'possible' : 'not possible';
      return `${mark(bypassed || skipped ? 'warning' : 'ok')} ${name}: ${came}: ${how}`;
    }),
    '',
    standing === 'boundary' && options.inside
      ? 'boundary: a program that `chaperone run` starts here cannot go around Chaperone in these ways'
      : standing === 'boundary'
        ? 'boundary: an agent that runs as this user cannot go around Chaperone in these ways'
        : attempts.some(({ bypassed }) => bypassed)
          ? 'seatbelt: an agent with a shell of this user can go around Chaperone; run the gateway as another user'
          : 'seatbelt: not every way around could be attempted, so nothing shows that there is none',
  ]);
  const failed = checks.filter((check) => check.state === 'failed').length;
  if (failed > 0) throw new Fault('E_CHECKS_FAILED', failed === 1 ? 'a check failed' : `${failed} checks failed`);
}
