/**
 * Takes pictures of every screen at several sizes, light and dark, left to right and right to left:
 *
 *     npm run screenshots [-- <regular expression for the names of scenes>]
 *
 * They land in SCREENS_OUT, else in screenshots/pictures, which is not kept. With SCREENS=sheets
 * there is one sheet per main screen instead, which shows them small, and a page with all sheets
 * (`make screens`).
 * LANGUAGES, WIDTHS and SCHEMES name others than the usual ones, as in `LANGUAGES=ar,fr`. Needs a
 * Chromium: CHROMIUM, else /usr/bin/chromium.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fits, Gallery, share } from './pages.mjs'
import { MAIN_SCENES, SCENES } from './scenes.mjs'
import { drawSheet, pageOfSheets } from './sheets.mjs'

const OUT = process.env.SCREENS_OUT ?? fileURLToPath(new URL('./pictures/', import.meta.url))
const IS_SHEETS = process.env.SCREENS === 'sheets'
const schemes = (process.env.SCHEMES ?? 'light,dark').split(',')
const languages = (process.env.LANGUAGES ?? 'en,de,he').split(',')
const widths = (
  process.env.WIDTHS ?? (IS_SHEETS ? 'phone,narrow,medium,wide' : 'tiny,least,flat,low,phone,narrow,medium,wide,huge')
).split(',')
const main = new Set(Object.values(MAIN_SCENES).flatMap((scenes) => Object.keys(scenes)))
const only = new RegExp(process.argv[2] ?? '')

/** How many jobs of each scene are to be done before its sheet can be drawn. */
const open = new Map()
const jobs = Object.entries(SCENES)
  .filter(([name]) => only.test(name) && (!IS_SHEETS || main.has(name)))
  .flatMap(([name, scene]) => {
    const fitting = widths.filter((width) => fits(scene, width))
    // A menu would close in a narrower window, so such scenes begin anew for every width.
    const groups = scene.act === undefined ? [fitting] : fitting.map((width) => [width])
    open.set(name, groups.length * languages.length)
    return groups.flatMap((group) => languages.map((language) => ({ name, scene, widths: group, language })))
  })
const started = performance.now()
mkdirSync(OUT, { recursive: true })
const gallery = await Gallery.open()
const pages = new Map()
const sheets = new Map()
let taken = 0

/** Each worker keeps one page per language and permissions. */
function pageOf(worker, { language, scene }) {
  const key = `${worker} ${language} ${scene.permissions}`
  if (!pages.has(key)) {
    pages.set(key, gallery.page(language, scene.permissions))
  }
  return pages.get(key)
}

async function take(job, worker) {
  const { name, scene, language } = job
  const page = await pageOf(worker, job)
  const [first, ...others] = job.widths
  try {
    await gallery.show(page, scene, { width: first, language, scheme: schemes[0] })
    await takeBoth(page, job, first)
    for (const width of others) {
      await gallery.resize(page, width)
      await takeBoth(page, job, width)
    }
  } catch (error) {
    gallery.complaints.push(`${name} ${job.widths} ${language}: ${error.message}`)
  }
  // The videos of a stage would go on while the worker is at another page. A camera stays: to open
  // it anew takes longer.
  if (scene.path(language).startsWith('/screenshots/')) {
    await page.goto('about:blank')
  }
  open.set(name, open.get(name) - 1)
  if (IS_SHEETS && open.get(name) === 0) {
    writeFileSync(join(OUT, `${name}.webp`), await drawSheet(page, sheets.get(name) ?? [], languages))
    sheets.delete(name)
  }
}

async function takeBoth(page, { name, language }, width) {
  for (const scheme of schemes) {
    await gallery.paint(page, scheme)
    const picture = await page.screenshot()
    taken += 1
    if (IS_SHEETS) {
      sheets.set(name, [...(sheets.get(name) ?? []), { width, language, scheme, picture }])
    } else {
      writeFileSync(join(OUT, `${name}.${width}.${scheme}.${language}.png`), picture)
    }
  }
}

await share(jobs, Math.max(2, availableParallelism()), take)
if (IS_SHEETS) {
  writeFileSync(
    join(OUT, 'README.md'),
    pageOfSheets(MAIN_SCENES, (name) => existsSync(join(OUT, `${name}.webp`))),
  )
}
await gallery.close()
for (const complaint of gallery.complaints) {
  console.error(complaint)
}
console.log(`${taken} pictures in ${Math.round((performance.now() - started) / 1000)} s`)
process.exitCode = gallery.complaints.length > 0 ? 1 : 0
