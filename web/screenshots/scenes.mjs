/**
 * Every screen of the page, by name: where it is, and what is done there before a picture is taken.
 * Words are found by their keys, so that a scene works in every language.
 */
import { readFileSync } from 'node:fs'

const LOCALES = new URL('../src/lib/locales/', import.meta.url)
const words = new Map()

/** The word of the page under this key; with `params` filled in. */
export function word(language, key, params = {}) {
  if (!words.has(language)) {
    words.set(language, JSON.parse(readFileSync(new URL(`${language}.json`, LOCALES), 'utf8')))
  }
  const found = key.split('.').reduce((node, name) => node[name], words.get(language))
  return found.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => params[name])
}

const stage = (query) => (language) => `/screenshots/stage.html?lang=${language}&${query}`
const button = (page, name) => page.getByRole('button', { name, exact: true }).filter({ visible: true }).first()

/** Presses a control of the meeting, in the bar or in the menu. */
const press = (key, params) => async (page, language) => {
  await wantBar(page, language)
  const name = word(language, key, params)
  const bar = page.getByRole('toolbar', { name: word(language, 'stage.controls') })
  const inBar = bar.getByRole('button', { name, exact: true })
  if ((await inBar.count()) > 0) {
    await inBar.first().click()
    return
  }
  const onPage = button(page, name)
  if ((await onPage.count()) > 0) {
    await onPage.click()
    return
  }
  await bar.getByRole('button', { name: word(language, 'stage.more'), exact: true }).click()
  await page.getByRole('menu').waitFor()
  const entry = page.getByRole('menuitem', { name })
  if ((await entry.count()) > 0) {
    await entry.first().click()
  } else {
    // A group of the menu.
    await page.getByText(name, { exact: true }).first().waitFor()
  }
}

const openPersonMenu = async (page, language) => {
  await press('stage.people')(page, language)
  const panel = page.getByRole('region', { name: word(language, 'stage.people'), exact: true })
  await panel.getByRole('button', { name: word(language, 'moderation.options', { name: 'Alan Turing' }) }).click()
  await page.getByRole('menu').waitFor()
}

const choose = (key) => async (page, language) => {
  await page.getByRole('menuitem', { name: word(language, key), exact: true }).click()
}

const inTurn =
  (...acts) =>
  async (page, language) => {
    for (const act of acts) {
      await act(page, language)
    }
  }

const openSettings = async (page) => {
  await page.keyboard.press('?')
  await page.getByRole('dialog').waitFor()
}

const toTheEndOfSettings = async (page) => {
  await page
    .getByRole('dialog')
    .locator('table')
    .evaluate((table) => table.scrollIntoView({ block: 'end' }))
}

async function joinAndWait(page) {
  await page.locator('form input').fill('Ada Lovelace')
  await page.locator('form button[type=submit]').click()
  await page.locator('form').waitFor({ state: 'detached' })
}

const tileMenu = (place) => async (page) => {
  await page.locator('[data-tile-button]').nth(place).click({ force: true })
  await page.getByRole('menu').waitFor()
}

const pin = (place) => async (page) => {
  await tileMenu(place)(page)
  await page.getByRole('menuitem').first().click()
  await page.getByRole('menu').waitFor({ state: 'detached' })
}

/** A frame stands for the small window, which no picture of the page would show. */
const openSmallWindow = async (page, language) => {
  await page.evaluate(() => {
    const requestWindow = async ({ width, height }) => {
      const frame = document.createElement('iframe')
      frame.id = 'small-window'
      frame.title = 'Small window'
      Object.assign(frame.style, {
        position: 'fixed',
        inset: '0',
        margin: 'auto',
        border: '1px solid gray',
        zIndex: '100',
        width: `${Math.min(width, window.innerWidth - 16)}px`,
        height: `${height}px`,
      })
      document.body.append(frame)
      return frame.contentWindow
    }
    Object.defineProperty(window, 'documentPictureInPicture', { value: { requestWindow } })
  })
  await press('pip.open')(page, language)
  await page.waitForFunction(() => {
    const view = document.querySelector('#small-window')?.contentDocument
    const videos = [...(view?.querySelectorAll('[data-testid="tile"] video') ?? [])]
    return videos.length > 0 && videos.every((video) => video.readyState > 1 && video.videoWidth > 0)
  })
}

/** Where the frame is low, the bar of controls comes when it is wanted. */
const wantBar = async (page, language) => {
  const wanted = page.getByRole('button', { name: word(language, 'stage.controls'), exact: true })
  if ((await wanted.count()) > 0 && (await wanted.getAttribute('aria-expanded')) === 'false') {
    await wanted.click()
  }
}

/** Automatic, grid, speaker, sidebar. */
const nextLayout = (times) => async (page) => {
  for (let time = 0; time < times; time += 1) {
    await page.keyboard.press('l')
  }
}

const ENDS = ['left', 'ended', 'removed', 'duplicate', 'denied', 'lost']
export const THEMES = ['black', 'white', 'yellow', 'grey']
const FORM = 'form'
const HEADING = 'h1'
const MIDDLE = ['narrow', 'medium', 'wide']

/** `widths` names the only ones of a scene; `isWide`: it is taken at the largest width, too. */
export const SCENES = {
  home: { path: () => '/' },
  language: { path: () => '/', wait: FORM, act: (page) => page.locator('header select').focus() },
  prejoin: { path: () => '/123456789003', wait: FORM },
  'prejoin-host': { path: () => '/?room_token=823456789000&participant_token=t', wait: FORM },
  'prejoin-denied': { path: () => '/123456789001', wait: 'svg.lucide-triangle-alert', permissions: [] },
  'prejoin-no-name': {
    path: () => '/123456789001',
    wait: FORM,
    act: async (page) => {
      await page.locator('form button[type=submit]').click()
      await page.locator('[aria-invalid]').waitFor()
    },
  },
  'prejoin-failed': {
    path: () => '/123456789001',
    wait: FORM,
    act: async (page, language) => {
      await page.locator('form input').fill('Ada Lovelace')
      await page.locator('form button[type=submit]').click()
      await page.getByText(word(language, 'prejoin.retry')).first().waitFor()
    },
  },
  'prejoin-select': {
    path: () => '/123456789001',
    wait: 'video',
    act: (page, language) =>
      page
        .getByRole('combobox', { name: word(language, 'devices.microphone') })
        .first()
        .click(),
  },
  'prejoin-brand': { path: () => '/793456789001', wait: FORM },
  ...Object.fromEntries(
    THEMES.map((name, index) => [`theme-${name}-prejoin`, { path: () => `/7${index + 1}3456789001`, wait: FORM }]),
  ),
  waiting: { path: () => '/123456789008', wait: FORM, act: joinAndWait },
  'waiting-owner': { path: () => '/123456789007', wait: FORM, act: joinAndWait },
  'waiting-denied': { path: () => '/123456789006', wait: FORM, act: joinAndWait },
  'problem-unknown': { path: () => '/123456789404', wait: HEADING },
  'problem-expired': { path: () => '/123456789410', wait: HEADING },
  'problem-host-link': { path: () => '/?room_token=123456789403&participant_token=t', wait: HEADING },
  'problem-full': { path: () => '/123456789409', wait: HEADING },
  'problem-too-many': { path: () => '/123456789429', wait: HEADING },
  'problem-unavailable': { path: () => '/123456789503', wait: HEADING },
  'problem-locked': {
    path: () => '/123456789005',
    wait: FORM,
    act: joinAndWait,
  },
  'stage-01': { path: stage('people=1'), isLow: true },
  'stage-02': { path: stage('people=2'), isLow: true },
  'stage-05': { path: stage('people=5'), isLow: true },
  'stage-12': { path: stage('people=12'), isWide: true },
  'stage-30': { path: stage('people=30'), isWide: true },
  'stage-speaker': { path: stage('people=7'), act: nextLayout(2), isWide: true },
  'stage-sidebar': { path: stage('people=7'), act: nextLayout(3), isWide: true },
  'stage-share-seen': { path: stage('people=5&screens=1'), isWide: true, isLow: true },
  'stage-share-own': { path: stage('people=3&share=silent') },
  'stage-shares': { path: stage('people=5&screens=3'), isWide: true },
  'stage-layout': { path: stage('people=5'), act: press('layout.title') },
  'stage-pinned': { path: stage('people=7&screens=1'), act: inTurn(pin(1), pin(2)), widths: MIDDLE },
  'stage-spotlight': { path: stage('people=7&spotlight=2') },
  'stage-tile-menu': { path: stage('people=5'), act: tileMenu(1) },
  'stage-own-menu': { path: stage('people=5'), act: tileMenu(0) },
  'stage-share-menu': { path: stage('people=5'), act: press('share.options'), widths: MIDDLE },
  'stage-guest': { path: stage('people=5&role=guest&mic=off') },
  'stage-guest-rights': { path: stage('people=3&role=guest&mic=off&rights=none&notice=muted') },
  'stage-muted-by': { path: stage('people=3&mic=off&notice=muted') },
  'stage-asked': { path: stage('people=3&role=guest&mic=off&notice=asked') },
  'stage-hands': { path: stage('people=7&hands=4&own-hand') },
  'stage-hand-news': { path: stage('people=5&late-hand') },
  'stage-hands-people': { path: stage('people=7&hands=4&own-hand'), act: press('stage.people') },
  'stage-hand-question': { path: stage('people=5&own-hand&hand-question') },
  'stage-reactions': {
    path: stage('people=5&reactions'),
    act: press('reactions.title'),
    widths: ['wide'],
  },
  'stage-reactions-rising': { path: stage('people=5&reactions') },
  'stage-lookalike': { path: stage('people=5&lookalike'), act: press('stage.people') },
  'stage-people': { path: stage('people=12'), act: press('stage.people') },
  'stage-person-menu': { path: stage('people=5'), act: openPersonMenu },
  'stage-mute-everyone': {
    path: stage('people=5'),
    act: inTurn(press('stage.people'), press('moderation.muteEveryone')),
  },
  'stage-remove': { path: stage('people=5'), act: inTurn(openPersonMenu, choose('moderation.remove')) },
  'stage-volume': { path: stage('people=5'), act: inTurn(openPersonMenu, choose('volume.title')) },
  'stage-locked': { path: stage('people=3&lock&notice=locked-out') },
  'stage-command-failed': { path: stage('people=3&command-failed') },
  'stage-bar-wanted': { path: stage('people=5'), act: wantBar, widths: ['least', 'flat'], isLow: true },
  'stage-chat': { path: stage('people=5&chat=9'), act: press('chat.title'), isLow: true },
  'stage-chat-empty': { path: stage('people=2'), act: press('chat.title') },
  'stage-chat-unread': { path: stage('people=3&chat=6') },
  'stage-chat-hosts-only': { path: stage('people=3&chat=6&role=guest&rights=none'), act: press('chat.title') },
  'stage-chat-failed': {
    path: stage('people=2&chat=4'),
    act: async (page, language) => {
      await press('chat.title')(page, language)
      await page
        .locator('textarea')
        .fill(`A message that cannot be sent, in several lines.\n${'and more '.repeat(210)}`)
      await page.locator('textarea').press('Enter')
      await page.getByText(word(language, 'chat.failed')).first().waitFor()
    },
  },
  'stage-waiting-one': { path: stage('people=3&waiting=1') },
  'stage-waiting': { path: stage('people=5&waiting=3') },
  'stage-waiting-people': { path: stage('people=5&waiting=5'), act: press('waiting.show') },
  'stage-small-window': { path: stage('people=2'), act: openSmallWindow },
  'stage-small-window-share': { path: stage('people=5&screens=1'), act: openSmallWindow },
  'stage-settings': { path: stage('people=2'), act: openSettings },
  'stage-settings-end': { path: stage('people=2'), act: inTurn(openSettings, toTheEndOfSettings) },
  'stage-more': {
    path: stage('people=2'),
    act: (page, language) => button(page, word(language, 'stage.more')).click(),
  },
  'stage-devices': { path: stage('people=2'), act: press('devices.microphoneOptions'), widths: MIDDLE },
  'stage-end': { path: stage('people=5'), act: press('stage.endForAll') },
  'stage-interrupted': { path: stage('people=3&phase=interrupted') },
  'stage-problem': { path: stage('people=3&problem=denied') },
  'stage-tooltip': {
    path: stage('people=2'),
    act: async (page) => {
      await page.keyboard.press('Tab')
      await page.keyboard.press('Tab')
      await page.waitForFunction(() => document.querySelector('[role="presentation"].fixed.bg-ink') !== null)
    },
    widths: ['wide'],
  },
  ...Object.fromEntries(
    THEMES.map((name) => [`theme-${name}-stage`, { path: stage(`people=4&chat=6&theme=${name}`) }]),
  ),
  ...Object.fromEntries(
    THEMES.map((name) => [
      `theme-${name}-chat`,
      { path: stage(`people=4&chat=6&theme=${name}&waiting=2`), act: press('chat.title') },
    ]),
  ),
  ...Object.fromEntries(ENDS.map((reason) => [`ended-${reason}`, { path: stage(`ended=${reason}`) }])),
}

/**
 * The scenes of docs/screens, in the order in which its page shows them: headings, and below them
 * what each scene shows.
 */
export const MAIN_SCENES = {
  'Before the meeting': {
    home: 'The start page',
    prejoin: 'Before joining, as a guest',
    'prejoin-host': 'Before joining, as a host, with a long name of the room',
    'prejoin-denied': 'Camera and microphone are not allowed',
    waiting: 'Waiting for the host’s answer',
    'problem-locked': 'The meeting is locked',
  },
  'The stage': {
    'stage-01': 'Alone',
    'stage-02': 'Two people',
    'stage-05': 'Five people',
    'stage-30': 'Thirty people, on pages',
    'stage-speaker': 'The speaker’s layout',
    'stage-sidebar': 'The sidebar’s layout',
    'stage-shares': 'Three shared screens',
  },
  'In the meeting': {
    'stage-chat': 'Chat',
    'stage-hand-news': 'Somebody raises a hand',
    'stage-hands-people': 'People and raised hands',
    'stage-waiting': 'Three people ask to be let in',
    'stage-guest-rights': 'A guest whom the host muted, and who may do little',
    'stage-small-window-share': 'The small window, with a shared screen',
    'stage-settings': 'Settings',
  },
  'After the meeting': {
    'ended-left': 'Somebody left',
    'ended-removed': 'Somebody was removed',
  },
  'Theme colours': Object.fromEntries(
    THEMES.flatMap((name) => [
      [`theme-${name}-prejoin`, `A ${name} theme, before joining`],
      [`theme-${name}-stage`, `A ${name} theme, in the meeting`],
    ]),
  ),
}
