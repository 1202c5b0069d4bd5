/** The server id under which functions of the host application appear. */
export const APP_SERVER = 'app';

/** How every configuration is read: the host application's own server needs no entry. */
export const parseOptions = { hostServers: [APP_SERVER] } as const;
