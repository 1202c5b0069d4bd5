export const strictGuards: object;
