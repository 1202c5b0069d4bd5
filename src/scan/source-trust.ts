/** How far what a source says is believed: written by ourselves, by someone reviewed, by anyone at all. */
export type Trust = 'own' | 'reviewed' | 'outside';

/** Where content comes in. */
export type SourceKind =
  | 'user-input'
  | 'document'
  | 'web-page'
  | 'mail'
  | 'ticket'
  | 'database-row'
  | 'api-answer'
  | 'tool-result'
  | 'tool-description'
  | 'memory'
  | 'agent-message'
  | 'history';

/** The trust of each way in, unless its owner says otherwise. Memory holds what was read before: it is no better than that. */
export const defaultTrust: Readonly<Record<SourceKind, Trust>> = {
  'user-input': 'own',
  document: 'outside',
  'web-page': 'outside',
  mail: 'outside',
  ticket: 'outside',
  'database-row': 'outside',
  'api-answer': 'outside',
  'tool-result': 'outside',
  'tool-description': 'reviewed',
  memory: 'outside',
  'agent-message': 'outside',
  history: 'outside',
};

/** The risk at which a text is flagged. At 0.5 one of 200 harmless results is; describing texts give orders by nature. */
export const flagAt: Readonly<Record<Trust, number>> = { outside: 0.5, reviewed: 0.75, own: 0.9 };

/** Sources that ask for something by nature: orders in them are no sign, and only rules are asked. */
const REQUESTING: ReadonlySet<string> = new Set<SourceKind>(['user-input', 'agent-message', 'history']);

/** Whether texts of this source are requests. */
export function isRequesting(source: string): boolean {
  return REQUESTING.has(source);
}

/** The trust of a source by its name; one that is not known is from outside. */
export function trustOf(source: string): Trust {
  return isSourceKind(source) ? defaultTrust[source] : 'outside';
}

function isSourceKind(source: string): source is SourceKind {
  return Object.hasOwn(defaultTrust, source);
}
