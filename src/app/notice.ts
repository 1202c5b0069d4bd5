/** Something that whoever runs the gateway should know. Text from servers is untrusted: show it escaped. */
export type Notice =
  | { readonly kind: 'info' | 'warning' | 'error'; readonly message: string }
  | { readonly kind: 'server-log'; readonly server: string; readonly message: string };

export type Notify = (notice: Notice) => void;
