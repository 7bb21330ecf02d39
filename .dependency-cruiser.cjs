/**
 * The import rule of the house (docs/architecture.md): imports point inward.
 * foundation -> desk -> stages | assurance | platform (never each other) -> app -> api, cli -> main.
 */
const room = (name) => `^src/${name}/`;
module.exports = {
  forbidden: [
    {
      name: 'foundation-knows-nothing-of-us',
      severity: 'error',
      from: { path: room('foundation') },
      to: { path: '^src/(?!foundation/)' },
    },
    {
      name: 'desk-is-pure',
      comment: 'The desk imports foundation only, and no I/O.',
      severity: 'error',
      from: { path: room('desk'), pathNot: '\\.test\\.ts$' },
      to: { path: '^src/(?!foundation/|desk/)' },
    },
    {
      name: 'desk-does-no-io',
      severity: 'error',
      from: { path: room('desk'), pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?assert' },
    },
    {
      name: 'desk-uses-no-packages',
      severity: 'error',
      from: { path: room('desk'), pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm'] },
    },
    {
      name: 'stages-do-not-meet',
      comment: 'Stages meet in app/, by facts.',
      severity: 'error',
      from: { path: '^src/stages/([^/]+)/' },
      to: { path: '^src/stages/([^/]+)/', pathNot: '^src/stages/$1/' },
    },
    {
      name: 'stages-import-inward',
      severity: 'error',
      from: { path: room('stages') },
      to: { path: '^src/(?!foundation/|desk/|stages/)' },
    },
    {
      name: 'assurance-imports-inward',
      severity: 'error',
      from: { path: room('assurance') },
      to: { path: '^src/(?!foundation/|desk/|assurance/)' },
    },
    {
      name: 'platform-imports-inward',
      severity: 'error',
      from: { path: room('platform') },
      to: { path: '^src/(?!foundation/|desk/|platform/)' },
    },
    {
      name: 'lab-ca-stands-alone',
      severity: 'error',
      from: { path: room('lab-ca') },
      to: { path: '^src/(?!foundation/|lab-ca/)' },
    },
    {
      name: 'app-composes',
      severity: 'error',
      from: { path: room('app'), pathNot: '\\.test\\.ts$' },
      to: { path: '^src/(api|cli|main|web|lab-ca)/' },
    },
    {
      name: 'api-and-cli-see-no-main',
      severity: 'error',
      from: { path: '^src/(api|cli)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/(main|web|lab-ca)/' },
    },
    {
      name: 'main-is-imported-by-nobody',
      severity: 'error',
      from: { path: '^src/(?!main/)', pathNot: '\\.test\\.ts$' },
      to: { path: room('main') },
    },
    {
      name: 'web-uses-the-public-api',
      severity: 'error',
      from: { path: room('web') },
      to: { path: '^src/(?!web/|api/contract|api/client)' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^node_modules|/dist/)' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
