import type { ErrorCode } from '../../base/errors.ts';
import type { EscapeAttempt } from '../../ports/sandbox.ts';

/** What a refusal says of whoever asked. What is not here is no attempt: a quota, a host that does not answer. */
const TRIED: Partial<Record<ErrorCode, Pick<EscapeAttempt, 'severity' | 'detail'>>> = {
  E_EGRESS_DENIED: { severity: 'low', detail: 'it asked the egress door for what no rule lets out' },
  E_EGRESS_REQUEST: { severity: 'medium', detail: 'it asked the egress door in a way that can be read in two' },
  E_EGRESS_TLS: { severity: 'medium', detail: 'it showed the egress door another host than the one it asked for' },
  E_EGRESS_FINDING: { severity: 'medium', detail: 'it tried to send out what must not leave' },
  E_TAINT_EGRESS: { severity: 'medium', detail: 'it tried to send something out after something secret was read' },
  E_EGRESS_COUNTRY: { severity: 'medium', detail: 'it tried to reach a country that nothing may leave to' },
  E_EGRESS_ADDRESS: {
    severity: 'high',
    detail: 'it tried to reach this machine, a private network or a metadata service',
  },
  E_EGRESS_SECRET: { severity: 'high', detail: 'it tried to send out a secret of the gateway' },
  E_CREDENTIAL_DENIED: { severity: 'high', detail: 'it asked for a credential that it is not to have' },
};

/** What a client of the egress door tried, by the codes it was refused with. */
export function listAttempts(codes: Iterable<ErrorCode>): readonly EscapeAttempt[] {
  return [...codes].flatMap((code) => {
    const tried = TRIED[code];
    return tried === undefined ? [] : [{ kind: 'network', ...tried }];
  });
}
