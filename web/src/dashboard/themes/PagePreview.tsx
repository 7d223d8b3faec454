/**
 * The meeting page before joining, drawn by its own components into frames of their own, one light
 * and one dark. Nothing in them can be pressed, and no device is asked for.
 */
import { CSPProvider } from '@base-ui/react/csp-provider'
import { useEffect, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import { I18nextProvider } from 'react-i18next'
import type { Lookup } from '@/api/page'
import { Preview } from '@/call/preview'
import { Prejoin } from '@/features/prejoin/Prejoin'
import { brandColours, DARK_SURFACE, LIGHT_SURFACE } from '@/lib/brandColours'
import { createWords } from '@/lib/i18n'
import english from '@/lib/locales/en.json'
import { useSize } from '@/lib/useSize'
import { Logo } from '@/ui/Logo'
import { PageFrame } from '@/ui/PageFrame'
import { dress } from './dress'
import { words } from './words'

const WIDE = { width: 1080, height: 600 }
const NARROW = { width: 360, height: 640 }
/** From this width of its place on, the wide page is large enough to be read. */
const WIDE_FROM = 420

const meetingWords = createWords()
meetingWords.addResourceBundle('en', 'translation', english)
void meetingWords.changeLanguage('en')

const ignore = () => undefined

export interface PreviewedTheme {
  main_color: string
  brand_text: string
  coloredLogo: string | null
  whiteLogo: string | null
}

export default function PagePreview({ theme, isDark }: { theme: PreviewedTheme; isDark: boolean }) {
  const place = useRef<HTMLDivElement>(null)
  const { width } = useSize(place)
  const [page, setPage] = useState<Document | null>(null)
  const size = width >= WIDE_FROM ? WIDE : NARROW
  const scale = width === 0 ? 0 : Math.min(1, width / size.width)
  const surface = isDark ? DARK_SURFACE : LIGHT_SURFACE

  useEffect(() => {
    const root = page?.documentElement
    const colours = brandColours(theme.main_color, surface) ?? {}
    for (const [name, value] of Object.entries(colours)) {
      root?.style.setProperty(name, value)
    }
  }, [page, theme.main_color, surface])

  const label = words.previewOf(isDark ? words.dark : words.light)
  return (
    <div ref={place} className="min-w-0 overflow-hidden rounded-xl border border-line">
      <div className="mx-auto overflow-hidden" style={{ width: size.width * scale, height: size.height * scale }}>
        <iframe
          title={label}
          tabIndex={-1}
          ref={(frame) => {
            if (frame?.contentDocument && frame.contentDocument !== page) {
              dress(frame.contentDocument, isDark, setPage)
            }
          }}
          onLoad={({ currentTarget: { contentDocument } }) => {
            if (contentDocument !== null && contentDocument !== page) {
              dress(contentDocument, isDark, setPage)
            }
          }}
          className="origin-top-left border-0"
          style={{ width: size.width, height: size.height, transform: `scale(${scale})` }}
        />
      </div>
      {page !== null && createPortal(<PageBefore theme={theme} isDark={isDark} />, page.body)}
    </div>
  )
}

function PageBefore({ theme, isDark }: { theme: PreviewedTheme; isDark: boolean }) {
  const [preview] = useState(
    () => new Preview({ microphoneOn: false, cameraOn: false, deviceId: () => null, onOpened: ignore }),
  )
  const logo = isDark ? (theme.whiteLogo ?? theme.coloredLogo) : (theme.coloredLogo ?? theme.whiteLogo)
  return (
    <div inert>
      <I18nextProvider i18n={meetingWords}>
        <CSPProvider disableStyleElements>
          <PageFrame start={<Logo brand={{ text: theme.brand_text, colouredLogo: logo, whiteLogo: logo }} />}>
            <Prejoin
              lookup={LOOKUP}
              preview={preview}
              initialName="Ada Lovelace"
              isJoining={false}
              failure={null}
              onJoin={ignore}
              onTurn={ignore}
              devicePicker={null}
            />
          </PageFrame>
        </CSPProvider>
      </I18nextProvider>
    </div>
  )
}

const LOOKUP = {
  role: 'owner',
  participants: 3,
  server_time: '2026-11-22T12:00:00.000Z',
  room: { display_name: words.roomName, initial_join_options: { microphone_state: 'default' } },
} as Lookup // what the screen before joining shows
