// Runs dependency-cruiser over src and fails on any violation. It also fails when no module was
// cruised: with an incompatible TypeScript the tool reports "no violations" over nothing, which
// must not pass for a clean tree.
import { spawnSync } from 'node:child_process'

const run = spawnSync(
  process.execPath,
  [
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    'src',
    '--config',
    '.dependency-cruiser.cjs',
    '-T',
    'json',
  ],
  { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
)
if (!run.stdout) {
  console.error(run.stderr)
  process.exit(1)
}
const { summary } = JSON.parse(run.stdout)
for (const violation of summary.violations) {
  console.error(`${violation.rule.name}: ${violation.from} → ${violation.to}`)
}
if (summary.totalCruised === 0) {
  console.error('no modules were cruised')
  process.exit(1)
}
if (summary.violations.length > 0) {
  process.exit(1)
}
console.log(`imports: ${summary.totalCruised} modules, ${summary.totalDependenciesCruised} dependencies, no violations`)
