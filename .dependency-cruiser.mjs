// The floors of the house: a room imports its own floor's room and floors below, never sideways, never up.
// `test/tidy/floors.test.ts` derives the same rules on its own, so that neither can be switched off alone.
const FLOORS = [
  ['base'],
  ['model'],
  ['policy', 'flow', 'scan', 'ledger', 'behaviour'],
  ['ports', 'contract'],
  ['runtime'],
  ['adapters', 'doors'],
  ['app'],
  ['cli'],
];
const PURE = ['model', 'policy', 'flow', 'scan', 'ledger', 'behaviour', 'ports', 'contract'];
const PURE_PACKAGES = ['zod', 'ajv', 're2js', '@cedar-policy/cedar-wasm', 'htmlparser2', 'yaml'];

const upAndSideways = FLOORS.flatMap((rooms, floor) =>
  rooms.map((room) => ({
    name: `floor-${floor}-${room}`,
    comment: `${room}/ stands on floor ${floor}: it may import itself and the floors below`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: {
      path: `^src/(?!${room}/|(${FLOORS.slice(0, floor).flat().join('|') || '$none'})/)`,
    },
  })),
);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...upAndSideways,
    {
      name: 'families-never-meet',
      comment: 'adapters and doors of different families do not know of each other; app/ composes them',
      severity: 'error',
      from: { path: '^src/(adapters|doors)/([^/]+)/' },
      to: { path: '^src/(adapters|doors)/([^/]+)/', pathNot: '^src/$1/$2/' },
    },
    {
      name: 'no-cycles',
      comment: 'types included: two files that need each other are one file, or lack a third',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-rooms-no-node',
      comment: 'the pure rooms run anywhere: no Node built-ins',
      severity: 'error',
      from: { path: `^src/(${PURE.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-rooms-few-packages',
      comment: 'the pure rooms take only the packages that the dependency policy names for them',
      severity: 'error',
      from: { path: `^src/(${PURE.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm'], pathNot: `node_modules/(${PURE_PACKAGES.join('|')})/` },
    },
    {
      name: 'no-dev-packages-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
