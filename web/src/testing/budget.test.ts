// How much script the page takes, measured on a build of what is here now.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'

const KB = 1000
/** Script before a person can type a name and press Join. */
const MOST_BEFORE_INTERACTIVE = 150 * KB
/** The same with all that is fetched while they type: the meeting and its media client. */
const MOST_BEFORE_JOINING = 350 * KB
/** The script of embedding pages. */
const MOST_OF_EMBEDDING = 6 * KB

const ENTRY = 'index.html'
const WARMED_UP = ['src/app/InMeeting.tsx', 'src/call/call.ts']

interface Chunk {
  file: string
  imports?: string[]
  dynamicImports?: string[]
}

let folder: string
let manifest: Record<string, Chunk>

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'page-'))
  execFileSync(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'build', '--manifest', '--outDir', folder, '--logLevel', 'error'],
    // The tests' own environment would build React for development.
    { env: { ...process.env, NODE_ENV: 'production' } },
  )
  manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'))
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** These parts of the page and all that they import, without what they fetch later. */
function closure(...names: string[]): Set<string> {
  const found = new Set<string>()
  const visit = (name: string) => {
    const chunk = manifest[name]
    expect(chunk, name).toBeDefined()
    if (!found.has(name)) {
      found.add(name)
      chunk?.imports?.forEach(visit)
    }
  }
  names.forEach(visit)
  return found
}

function gzipped(names: Iterable<string>): number {
  return [...names]
    .map((name) => manifest[name]?.file ?? '')
    .filter((file) => file.endsWith('.js'))
    .reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0)
}

function largestLanguage(): string {
  const languages = Object.keys(manifest).filter((name) => name.startsWith('src/lib/locales/'))
  expect(languages).toHaveLength(11)
  return languages.reduce((one, other) => (gzipped([one]) > gzipped([other]) ? one : other))
}

test('the page before the meeting stays within its budget of script', () => {
  const scripts = closure(ENTRY, largestLanguage())

  expect([...scripts].filter((name) => name.includes('locales/'))).toHaveLength(1)
  expect(gzipped(scripts)).toBeGreaterThan(50 * KB) // React alone is more
  expect(gzipped(scripts)).toBeLessThanOrEqual(MOST_BEFORE_INTERACTIVE)
})

test('with what is fetched while a person types, too', () => {
  const scripts = closure(ENTRY, largestLanguage(), ...WARMED_UP)

  expect(gzipped(scripts)).toBeLessThanOrEqual(MOST_BEFORE_JOINING)
})

test('the rest is fetched when it is opened', () => {
  const scripts = closure(ENTRY, ...WARMED_UP)

  for (const part of ['src/ui/menuParts.tsx', 'src/ui/DialogFrame.tsx', 'src/ui/ConfirmFrame.tsx']) {
    expect(manifest[part]?.file, part).toMatch(/\.js$/)
    expect(scripts).not.toContain(part)
  }
})

test('the bridge to an embedding page is fetched inside a frame only', () => {
  const bridge = 'src/app/bridge/bridge.ts'

  expect(manifest[bridge]?.file).toMatch(/\.js$/)
  expect(closure(ENTRY, ...WARMED_UP)).not.toContain(bridge)
})

test('the script of embedding pages is small and stands alone', () => {
  const args = ['build', '-c', 'vite.embed.config.ts', '--outDir', folder, '--logLevel', 'error']
  execFileSync(process.execPath, ['node_modules/vite/bin/vite.js', ...args], {
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const script = readFileSync(join(folder, 'embed.js'))

  expect(script.toString()).not.toMatch(/^\s*import\b|\bimport\(/m)
  expect(gzipSync(script).length).toBeGreaterThan(KB)
  expect(gzipSync(script).length).toBeLessThanOrEqual(MOST_OF_EMBEDDING)
})
