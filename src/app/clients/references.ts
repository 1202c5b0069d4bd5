/** A variable that has to be in the gateway's environment, and where its value is to be found today. */
export interface NeededVariable {
  readonly name: string;
  /** What to put into it: `the value of mcpServers.github.env.GITHUB_TOKEN`. Never the value itself. */
  readonly value: string;
  /** The file that holds the value now; absent if it is in the environment already or was asked for by the client. */
  readonly file?: string;
}

/** Hands out names of environment variables: one name for each value, and never one name for two values. */
export class References {
  readonly #values = new Map<string, string>();
  readonly #needed: NeededVariable[] = [];
  readonly #secrets = new Set<string>();

  /** Refers to a variable that the client itself reads from its environment. */
  passOn(name: string): { readonly secret: string } {
    return this.#refer(name, `\${${name}}`, { name, value: 'as the client has it in its environment' });
  }

  /**
   * Refers to `value` by `name`, or by `<owner>_<name>` where the name stands for another value already.
   * `where` tells people what the value is; it is never the value.
   */
  keep(name: string, owner: string, value: string, where: Omit<NeededVariable, 'name'>): { readonly secret: string } {
    let chosen = variableName(name);
    for (let i = 1; this.#isTaken(chosen, value); i++) {
      chosen = variableName(`${owner}_${name}${i === 1 ? '' : `_${i}`}`);
    }
    return this.#refer(chosen, value, { name: chosen, ...where });
  }

  /** Remembers a value that must not be shown. */
  hide(value: string): void {
    this.#secrets.add(value);
  }

  get needed(): readonly NeededVariable[] {
    return this.#needed;
  }

  /** Values that must not be shown. */
  get secrets(): ReadonlySet<string> {
    return this.#secrets;
  }

  #isTaken(name: string, value: string): boolean {
    const held = this.#values.get(name);
    return held !== undefined && held !== value;
  }

  #refer(name: string, value: string, needed: NeededVariable): { readonly secret: string } {
    if (!this.#values.has(name)) {
      this.#values.set(name, value);
      this.#needed.push(needed);
    }
    return { secret: `env:${name}` };
  }
}

function variableName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '');
  const cased = /[a-z]/.test(name) ? name.toUpperCase() : name;
  return /^[A-Za-z_]/.test(cased) ? cased : `SECRET_${cased}`;
}
