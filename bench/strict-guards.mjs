/** Loops and breakers far stricter than what is said to nobody: those of docs/budgets.md, and a run that ends. */
export const strictGuards = {
  loops: { same: 10, cycle: 4, noProgress: 5, onLoop: 'deny' },
  breakers: {
    tool: { failures: 5, rest: '30s' },
    server: { failures: 10 },
    run: { failures: 20, onOpen: 'end' },
  },
};
