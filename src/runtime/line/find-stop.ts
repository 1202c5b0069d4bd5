import type { World } from '../world.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The refusal, where a file stops one of these scopes. What the record says is asked in the transaction itself. */
export function findStop({ stopSwitch }: Pick<World, 'stopSwitch'>, scopes: readonly string[]): Refusal | undefined {
  const thrown = stopSwitch.find(scopes);
  return thrown && refuse('E_ISOLATED', `${thrown.scope} is stopped by \`${thrown.place}\``);
}
