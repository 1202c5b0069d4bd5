import { Fault } from '../base/fault.ts';
import type { CommandContext } from './command-context.ts';
import { commandPermissions } from './command-permissions.ts';

/** Throws a `Fault` E_ROLE_MISSING unless whoever sits here may run a command. Those that need no account look for none. */
export async function authorize(context: CommandContext, command: string): Promise<void> {
  const permission = Object.hasOwn(commandPermissions, command) ? commandPermissions[command] : undefined;
  if (permission === undefined) throw new Fault('E_ROLE_MISSING', `nobody may run \`${command}\``);
  if (permission === 'open') return;
  const [{ openConfig }, { requireLocal }] = await Promise.all([
    import('../app/open-config.ts'),
    import('../app/people/identify-local.ts'),
  ]);
  await requireLocal(await openConfig(context.configPath, context.cwd), permission);
}
