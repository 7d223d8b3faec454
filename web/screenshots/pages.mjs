/**
 * The built page with a stand-in for the server, and browser pages that show its scenes. A scene is
 * ready when nothing on it moves any more and every picture is there; nothing waits for a time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { build, preview } from 'vite'
import { mockServer, POLICY } from './mockServer.mjs'

export const WIDTHS = {
  tiny: [320, 640],
  low: [740, 360],
  phone: [360, 740],
  narrow: [550, 800],
  medium: [740, 800],
  wide: [1280, 800],
  huge: [1920, 1080],
  /** A zoom of 400 % on an ordinary screen. */
  least: [320, 256],
  flat: [568, 256],
}
const LOCALES = {
  ar: 'ar-EG',
  ca: 'ca-ES',
  de: 'de-DE',
  en: 'en-US',
  es: 'es-ES',
  fr: 'fr-FR',
  he: 'he-IL',
  it: 'it-IT',
  'pt-br': 'pt-BR',
  'zh-cn': 'zh-CN',
  'zh-tw': 'zh-TW',
}
const ONLY_SOME = { huge: 'isWide', least: 'isLow', flat: 'isLow' }

/** Whether a scene is looked at in this width. */
export function fits(scene, width) {
  const mark = ONLY_SOME[width]
  return (scene.widths?.includes(width) ?? true) && (mark === undefined || scene[mark] === true)
}

const PATIENCE_MS = Number(process.env.SCREENS_PATIENCE_MS ?? 20_000)
const ROOT = fileURLToPath(new URL('..', import.meta.url))

export class Gallery {
  #folder
  #server
  #browser
  #contexts = new Map()
  address
  /** Errors of pages and breaches of the policy. */
  complaints = []

  /** Builds the page once: a page of hundreds of modules would take seconds each time. */
  static async open() {
    const gallery = new Gallery()
    gallery.#folder = mkdtempSync(join(tmpdir(), 'moothall-pages-'))
    const input = ['index.html', 'screenshots/stage.html'].map((name) => join(ROOT, name))
    const outDir = gallery.#folder
    const common = { root: ROOT, logLevel: 'error', configFile: join(ROOT, 'vite.config.ts') }
    await build({
      ...common,
      build: { outDir, emptyOutDir: true, minify: false, reportCompressedSize: false, rollupOptions: { input } },
    })
    gallery.#server = await preview({
      ...common,
      plugins: [mockServer()],
      build: { outDir },
      preview: { port: 0, host: '127.0.0.1', headers: { 'Content-Security-Policy': POLICY } },
    })
    gallery.address = `http://localhost:${gallery.#server.httpServer.address().port}`
    gallery.#browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
    })
    return gallery
  }

  /** A browser page for one scene after the other, in this language. */
  async page(language, permissions = ['camera', 'microphone']) {
    const context = await this.#context(language, permissions)
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`))
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) {
        this.complaints.push(`${page.url()}: ${message.text()}`)
      }
    })
    return page
  }

  /** One context per language and permissions, so that everything is loaded once. */
  #context(language, permissions) {
    const key = `${language} ${permissions.join()}`
    if (!this.#contexts.has(key)) {
      const made = this.#browser
        .newContext({ locale: LOCALES[language], permissions, reducedMotion: 'reduce' })
        .then(async (context) => {
          await context.addInitScript(() => {
            // An empty page has no storage.
            if (window.location.protocol !== 'about:') {
              window.localStorage.clear()
              window.sessionStorage.clear()
            }
          })
          return context
        })
      this.#contexts.set(key, made)
    }
    return this.#contexts.get(key)
  }

  async show(page, scene, { width, language, scheme }) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    const [w, h] = WIDTHS[width]
    await page.setViewportSize({ width: w, height: h })
    const path = scene.path(language)
    await page.goto(`${this.address}${path}`, { waitUntil: 'domcontentloaded' })
    await page
      .locator(scene.wait ?? (path.startsWith('/screenshots/') ? '[data-happened] #root > *' : '#root > *'))
      .first()
      .waitFor()
    await settle(page)
    await scene.act?.(page, language)
    await settle(page)
  }

  async resize(page, width) {
    const [w, h] = WIDTHS[width]
    await page.setViewportSize({ width: w, height: h })
    await settle(page)
  }

  async paint(page, scheme) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await settle(page)
  }

  async close() {
    await this.#browser.close()
    await this.#server.close()
    rmSync(this.#folder, { recursive: true })
  }
}

/** Returns when fonts and pictures are there, and nothing moves any more. */
export async function settle(page) {
  await page.evaluate(async (patience) => {
    const until = performance.now() + patience
    const hasPictures = () =>
      [...document.querySelectorAll('video')].every(
        (video) =>
          video.srcObject === null || video.offsetWidth === 0 || (video.readyState > 1 && video.videoWidth > 0),
      ) && [...document.images].every(({ complete }) => complete)
    await document.fonts.ready
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    while (performance.now() < until) {
      await frame()
      await frame()
      const moving = document
        .getAnimations()
        .filter(({ playState, effect }) => playState === 'running' && effect?.getComputedTiming().iterations === 1)
      if (moving.length === 0 && hasPictures()) {
        return
      }
      await Promise.all(moving.map(({ finished }) => finished.catch(() => undefined)))
    }
    throw new Error('the page does not come to rest')
  }, PATIENCE_MS)
}

/** Runs jobs on several workers at once; `begin` gives each worker what it works with. */
export async function share(jobs, workers, work) {
  const rest = [...jobs]
  const each = async (number) => {
    for (let job = rest.shift(); job !== undefined; job = rest.shift()) {
      await work(job, number)
    }
  }
  await Promise.all(Array.from({ length: workers }, (_, number) => each(number)))
}
