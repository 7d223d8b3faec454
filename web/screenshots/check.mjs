/**
 * Looks for what is wrong with every screen, in a real browser: violations that axe finds, icons
 * and focus rings with less contrast than 3:1 (`contrast.mjs`), controls that touch the edge, pages
 * wider than the window, and words of ours that are cut. Prints one line per fault, and fails when
 * there is one:
 *
 *     node screenshots/check.mjs [part of a scene's name]
 *
 * LANGUAGES, WIDTHS and SCHEMES name others than the usual ones.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { iconFaults, ringFaults } from './contrast.mjs'
import { fits, Gallery, share } from './pages.mjs'
import { SCENES } from './scenes.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** The least room between a control and the edge of the page, in CSS pixels. */
const EDGE = 4
const list = (name, usual) => (process.env[name] ?? usual).split(',')
const [languages, widths, schemes] = [
  list('LANGUAGES', 'en'),
  list('WIDTHS', 'wide,tiny,least'),
  list('SCHEMES', 'light,dark'),
]
const only = process.argv[2] ?? ''

async function axeFaults(page) {
  if (!(await page.evaluate(() => 'axe' in window))) {
    // Past the policy of the page, as a person's own tool would be.
    await page.evaluate(AXE)
  }
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] })
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html.slice(0, 160)} ${any[0]?.message ?? ''}`),
    )
  })
}

function layoutFaults(page) {
  return page.evaluate((edge) => {
    const faults = []
    const { clientWidth } = document.documentElement
    if (document.documentElement.scrollWidth > clientWidth) {
      faults.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${clientWidth} px`)
    }
    const isSeen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    for (const control of document.querySelectorAll('button, input, textarea, a[href], [role="menuitem"]')) {
      const { left, right, width } = control.getBoundingClientRect()
      if (isSeen(control) && width > 1 && (left < edge || right > clientWidth - edge)) {
        faults.push(`at the edge (${Math.round(left)} to ${Math.round(right)}): ${control.outerHTML.slice(0, 160)}`)
      }
    }
    for (const element of document.querySelectorAll('body *')) {
      const isName = element.closest('[dir="auto"], bdi') !== null || element.querySelector('bdi') !== null
      const { textOverflow, overflowX } = getComputedStyle(element)
      const isCut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1
      // A native list opens with its whole names.
      const isList = element.matches('select')
      if (!isName && !isList && isCut && textOverflow === 'ellipsis' && overflowX !== 'visible') {
        faults.push(`cut: ${element.textContent}`)
      }
    }
    return faults
  }, EDGE)
}

const jobs = Object.entries(SCENES)
  .filter(([name]) => name.includes(only))
  .flatMap(([name, scene]) => {
    const fitting = widths.filter((width) => fits(scene, width))
    return fitting.flatMap((width) => languages.map((language) => ({ name, scene, width, language })))
  })
const gallery = await Gallery.open()
const pages = new Map()
let looked = 0

await share(jobs, Math.max(2, availableParallelism()), async ({ name, scene, width, language }, worker) => {
  const key = `${worker} ${language} ${scene.permissions}`
  pages.set(key, pages.get(key) ?? gallery.page(language, scene.permissions))
  const page = await pages.get(key)
  try {
    await gallery.show(page, scene, { width, language, scheme: schemes[0] })
    for (const scheme of schemes) {
      await gallery.paint(page, scheme)
      const faults = [
        ...(await axeFaults(page)),
        ...(scheme === schemes[0] ? await layoutFaults(page) : []),
        ...(await iconFaults(page)),
      ]
      looked += 1
      for (const fault of faults) {
        gallery.complaints.push(`${name} ${width} ${scheme} ${language}: ${fault}`)
      }
    }
    // The focus goes its way last: what is open may close behind it.
    for (const scheme of schemes.toReversed()) {
      await gallery.paint(page, scheme)
      for (const fault of await ringFaults(page)) {
        gallery.complaints.push(`${name} ${width} ${scheme} ${language}: ${fault}`)
      }
    }
  } catch (error) {
    gallery.complaints.push(`${name} ${width} ${language}: ${error.message}`)
  }
})
await gallery.close()
for (const complaint of gallery.complaints) {
  console.log(complaint)
}
console.log(`${looked} screens looked at, ${gallery.complaints.length} faults`)
process.exitCode = gallery.complaints.length > 0 ? 1 : 0
