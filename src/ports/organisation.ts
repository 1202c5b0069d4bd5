/** Who somebody is, as their organisation says. */
export interface OrganisationPerson {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Sign-in through an organisation. Throws a `Fault`: E_SIGN_IN for whatever it says that does not hold, E_UPSTREAM_UNREACHABLE. */
export interface Organisation {
  /** Where to send a browser, and what has to be kept until it comes back. */
  begin(redirectUri: string): Promise<{ readonly url: string; readonly kept: OrganisationState }>;
  /** Who came back. `url` is the address the browser came back to, with what the organisation wrote there. */
  finish(url: string, kept: OrganisationState): Promise<OrganisationPerson>;
}

export interface OrganisationState {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}
