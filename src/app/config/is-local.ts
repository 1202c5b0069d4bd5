/** Whether a host name is this machine, so that nobody on the way can read what is sent there. */
export function isLocal(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(hostname);
}
