import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Notify } from '../notice.ts';

/** Puts the certificate that clients of an open door have to trust where whoever runs the gateway finds it, and says where. */
export async function showCertificate(data: string, certificate: string | undefined, notify: Notify): Promise<void> {
  if (certificate === undefined) return;
  const file = join(data, 'egress-door.pem');
  await writeFile(file, certificate);
  notify({ kind: 'info', message: `its clients have to trust ${file}` });
}
