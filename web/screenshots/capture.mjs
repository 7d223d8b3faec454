// Takes pictures of every screen at three widths, light and dark, left to right and right to left:
//   npm run screenshots [-- <part of a picture's name>]
// They land in screenshots/pictures, which is not kept. Needs a Chromium: CHROMIUM, else /usr/bin/chromium.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { createServer } from 'vite'
import { mockServer } from './mockServer.mjs'

const OUT = fileURLToPath(new URL('./pictures/', import.meta.url))
const WIDTHS = { phone: [360, 740], narrow: [550, 800], wide: [1280, 800] }
const MATRIX = [
  ['phone', 'light', 'en'],
  ['phone', 'dark', 'he'],
  ['narrow', 'light', 'ar'],
  ['narrow', 'dark', 'en'],
  ['wide', 'light', 'en'],
  ['wide', 'dark', 'en'],
  ['wide', 'dark', 'he'],
]

const press =
  (name, role = 'button') =>
  (page) =>
    page.getByRole(role, { name }).filter({ visible: true }).first().click()
const stage = (query) => (language) => `/screenshots/stage.html?lang=${language}&${query}`
const CHAT = /^(Chat|الدردشة|צ׳אט)/
const WAITING_SHOW = /^(Show|عرض|הצגה)$/
const ONLY_ENGLISH = { languages: ['en'] }

const SCENES = {
  home: { path: () => '/' },
  prejoin: { path: () => '/123456789003', wait: 'form' },
  'prejoin-host': { path: () => '/?room_token=823456789000&participant_token=t', wait: 'form', ...ONLY_ENGLISH },
  'prejoin-brand': { path: () => '/723456789001', wait: 'form', ...ONLY_ENGLISH },
  'prejoin-denied': { path: () => '/123456789001', wait: 'svg.lucide-triangle-alert', permissions: [] },
  'prejoin-no-name': { path: () => '/123456789001', wait: 'form', act: press('Join meeting'), ...ONLY_ENGLISH },
  'prejoin-failed': {
    path: () => '/123456789001',
    wait: 'form',
    act: async (page) => {
      await page.getByLabel('Your name').fill('Ada Lovelace')
      await press('Join meeting')(page)
      await page.getByRole('alert').waitFor()
    },
    ...ONLY_ENGLISH,
  },
  waiting: { path: () => '/123456789008', wait: 'form', act: (page) => joinAndWait(page) },
  'waiting-owner': { path: () => '/123456789007', wait: 'form', act: (page) => joinAndWait(page), ...ONLY_ENGLISH },
  'waiting-denied': { path: () => '/123456789006', wait: 'form', act: (page) => joinAndWait(page), ...ONLY_ENGLISH },
  'prejoin-select': {
    path: () => '/123456789001',
    wait: 'video',
    act: press('Microphone', 'combobox'),
    ...ONLY_ENGLISH,
  },
  language: { path: () => '/', wait: 'form', act: (page) => page.locator('header button').click() },
  unknown: { path: () => '/123456789404', wait: 'h1' },
  expired: { path: () => '/123456789410', wait: 'h1', ...ONLY_ENGLISH },
  'host-link': { path: () => '/?room_token=123456789403&participant_token=t', wait: 'h1', ...ONLY_ENGLISH },
  full: { path: () => '/123456789409', wait: 'h1', ...ONLY_ENGLISH },
  unavailable: { path: () => '/123456789503', wait: 'h1' },
  'stage-01': { path: stage('people=1') },
  'stage-02': { path: stage('people=2') },
  'stage-05': { path: stage('people=5') },
  'stage-12': { path: stage('people=12') },
  'stage-30': { path: stage('people=30') },
  'stage-guest-muted': { path: stage('people=3&role=guest&mic=off'), ...ONLY_ENGLISH },
  'stage-people': {
    path: stage('people=12'),
    act: async (page) => {
      if ((page.viewportSize()?.width ?? 0) < 1024) {
        await press(/^(More|עוד|المزيد)/)(page)
        await page.getByRole('menuitem').first().click()
      } else {
        await press(/^(People|אנשים|الأشخاص)/)(page)
      }
    },
  },
  ...Object.fromEntries(
    ['left', 'ended', 'removed', 'lost'].map((reason) => [`ended-${reason}`, { path: stage(`ended=${reason}`) }]),
  ),
  'stage-chat': { path: stage('people=5&chat=9'), act: (page) => press(CHAT)(page) },
  'stage-chat-empty': { path: stage('people=2'), act: (page) => press(CHAT)(page) },
  'stage-chat-unread': { path: stage('people=3&chat=6') },
  'stage-chat-failed': {
    path: stage('people=2&chat=4'),
    act: async (page) => {
      await press(CHAT)(page)
      await page
        .locator('textarea')
        .fill(`A message that cannot be sent, in several lines.\n${'and more '.repeat(210)}`)
      await page.locator('textarea').press('Enter')
      await page.getByRole('alert').waitFor()
    },
    ...ONLY_ENGLISH,
  },
  'stage-waiting-one': { path: stage('people=3&waiting=1') },
  'stage-waiting': { path: stage('people=5&waiting=3') },
  'stage-waiting-people': { path: stage('people=5&waiting=5'), act: (page) => press(WAITING_SHOW)(page) },
  'stage-more': { path: stage('people=2'), act: press('More'), widths: ['phone', 'narrow'], ...ONLY_ENGLISH },
  'stage-devices': {
    path: stage('people=2'),
    act: press('Microphone and speaker options'),
    widths: ['narrow', 'wide'],
    ...ONLY_ENGLISH,
  },
  'stage-end': { path: stage('people=5'), act: endForAll, ...ONLY_ENGLISH },
  'stage-interrupted': { path: stage('people=3&phase=interrupted'), pause: 1500 },
  'stage-problem': { path: stage('people=3&problem=denied'), pause: 800, ...ONLY_ENGLISH },
  'stage-tooltip': {
    path: stage('people=2'),
    act: async (page) => {
      await page.keyboard.press('Tab')
      await page.waitForTimeout(900)
    },
    widths: ['wide'],
    ...ONLY_ENGLISH,
  },
}

async function joinAndWait(page) {
  await page.locator('form input').fill('Ada Lovelace')
  await page.locator('form button[type=submit]').click()
  await page.locator('form').waitFor({ state: 'detached' })
  await page.waitForTimeout(600)
}

async function endForAll(page) {
  if ((page.viewportSize()?.width ?? 0) < 1024) {
    await press('More')(page)
    await press('End for all', 'menuitem')(page)
  } else {
    await press('End for all')(page)
  }
}

const only = process.argv[2] ?? ''
mkdirSync(OUT, { recursive: true })
const server = await createServer({ plugins: [mockServer()], server: { port: 5199, hmr: false }, logLevel: 'error' })
await server.listen()
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
})

const LOCALES = { en: 'en-US', he: 'he-IL', ar: 'ar-EG' }
for (const [width, scheme, language] of MATRIX) {
  const [w, h] = WIDTHS[width]
  for (const [name, scene] of Object.entries(SCENES)) {
    const isWanted =
      name.includes(only) && (scene.languages?.includes(language) ?? true) && (scene.widths?.includes(width) ?? true)
    if (!isWanted) {
      continue
    }
    const context = await browser.newContext({
      viewport: { width: w, height: h },
      colorScheme: scheme,
      locale: LOCALES[language],
      permissions: scene.permissions ?? ['camera', 'microphone'],
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => console.error(`${name}: ${error.message}`))
    await page.goto(`http://localhost:5199${scene.path(language)}`)
    await page
      .locator(scene.wait ?? '#root > *')
      .first()
      .waitFor()
    await page.waitForTimeout(scene.pause ?? 900)
    await scene.act?.(page)
    await page.waitForTimeout(350)
    await page.screenshot({ path: `${OUT}${name}.${width}.${scheme}.${language}.png` })
    await context.close()
  }
}
await browser.close()
await server.close()
