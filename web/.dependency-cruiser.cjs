/** The import rules of the meeting page: app › features › call › api › lib, and app › features › ui › lib. */
module.exports = {
  forbidden: [
    {
      name: 'features-are-siblings',
      comment: 'Features meet in src/app only.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/' },
      to: { path: '^src/features/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'imports-point-down',
      comment: 'The lower layers know neither features nor the application.',
      severity: 'error',
      from: { path: '^src/(call|ui|api|lib)/' },
      to: { path: '^src/(features|app)/' },
    },
    {
      name: 'embed-stands-alone',
      comment: 'The script of embedding pages contains nothing of the meeting page.',
      severity: 'error',
      from: { path: '^src/embed/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(src/(?!embed/)|node_modules/)' },
    },
    {
      name: 'call-knows-no-react',
      comment: 'What a call is does not depend on how it is drawn.',
      severity: 'error',
      from: { path: '^src/call/' },
      to: { path: '^(node_modules/)?react' },
    },
    {
      name: 'only-call-knows-livekit',
      comment: 'Features get values from src/call; whatever carries media can change without them.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/call/', '^src/testing/', '\\.test\\.tsx?$'] },
      to: { path: '^(node_modules/)?(livekit-client|@livekit/)' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle hides which module owns what.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-ships-test-code',
      comment: 'src/testing and screenshots stay out of the production bundle.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/testing/', '\\.test\\.tsx?$'] },
      to: { path: '^(src/testing|screenshots)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}
