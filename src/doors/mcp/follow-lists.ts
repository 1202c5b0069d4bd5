import type { DoorState } from './door-state.ts';

export type ListChange =
  | 'notifications/tools/list_changed'
  | 'notifications/resources/list_changed'
  | 'notifications/prompts/list_changed';

/** Calls back with the notification that fits whenever one of the lists may have changed. Returns what stops it. */
export function followLists(door: DoorState, onChange: (change: ListChange) => void): () => void {
  const stops = [door.gate.onToolsChanged(() => onChange('notifications/tools/list_changed'))];
  for (const upstream of door.upstreams.values()) {
    stops.push(
      upstream.onListChanged('resources', () => onChange('notifications/resources/list_changed')),
      upstream.onListChanged('prompts', () => onChange('notifications/prompts/list_changed')),
    );
  }
  return () => {
    for (const stop of stops) stop();
  };
}
