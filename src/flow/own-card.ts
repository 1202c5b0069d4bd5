import { isJsonObject } from '../base/json.ts';
import type { GovernedTool } from '../model/tool.ts';
import { isParty } from './list-written.ts';
import type { RecordShape } from './read-records.ts';
import { readToolWords } from './read-tool-words.ts';

/** A tool that takes nothing and returns one card, `get_my_profile`, returns the user's own. */
export function isOwnCard(tool: GovernedTool): boolean {
  const { properties } = tool.tool.inputSchema;
  const takesNothing = properties === undefined || (isJsonObject(properties) && Object.keys(properties).length === 0);
  return tool.effect === 'read' && takesNothing && readToolWords(tool.tool).objects.some((object) => OWN.has(object));
}
const OWN: ReadonlySet<string> = new Set('profile me self myself identity whoami user account iban'.split(' '));

/** Keys of the addresses a record gives in fields of their own. */
export const listAddresses = ({ fields, prose }: RecordShape): string[] =>
  prose ? [] : fields.flatMap(({ key }) => (key !== undefined && isParty(key) && !key.startsWith('url:') ? [key] : []));
