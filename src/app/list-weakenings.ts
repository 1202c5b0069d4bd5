import type { Manifest } from '../model/manifest.ts';

/** A line of the manifest by which an approval, or two persons, prove less than they do without it. */
export interface Weakening {
  /** Where it stands, such as `tools.mail/send.approvals.presence`. */
  readonly place: string;
  readonly says: string;
}

/** Every such line. None of them is there unless somebody wrote it. */
export function listWeakenings({ approvals, tools, people }: Manifest): readonly Weakening[] {
  const rules = [
    { place: 'approvals', does: 'approves and lets back', ...approvals },
    ...Object.entries(tools).map(([tool, declared]) => ({
      place: `tools.${tool}.approvals`,
      does: 'approves',
      ...declared.approvals,
    })),
  ];
  return [
    ...rules.flatMap(({ place, does, presence = [], separation }) => [
      ...presence
        .filter((way) => way === 'session' || way === 'token')
        .map((way) => ({
          place: `${place}.presence`,
          says:
            way === 'session'
              ? `\`session\`: whoever is signed in, or a program that runs the command, ${does} without being seen`
              : `\`token\`: whoever holds a token or a key of such a person ${does}`,
        })),
      ...(separation === 'none'
        ? [{ place: `${place}.separation`, says: '`none`: whoever asked for a call may approve it' }]
        : []),
    ]),
    ...(people.settling === 0
      ? [
          {
            place: 'people.settling',
            says: '`0s`: an admin who makes an account, or a token in a name, is two persons at once',
          },
        ]
      : []),
  ];
}
