import { useCallback, useEffect, useRef, useState } from 'react'
import { isEmbedded } from '@/call/browser'

/** Document Picture-in-Picture, which TypeScript does not know yet. */
interface DocumentPictureInPicture {
  requestWindow(options: { width: number; height: number }): Promise<Window>
}

const SIZE = { width: 380, height: 460 }
/** Style sheets come from the cache; a window without them for longer is not waited for. */
const STYLED_WITHIN_MS = 3000

function documentPictureInPicture(): DocumentPictureInPicture | undefined {
  // A frame has none, whatever its window says.
  return isEmbedded()
    ? undefined
    : (window as { documentPictureInPicture?: DocumentPictureInPicture }).documentPictureInPicture
}

export interface SmallWindow {
  /** The browser can show the meeting in a window of its own, or one picture of it, or neither. */
  means: 'document' | 'video' | null
  /** The window, styled and empty, while it is open. */
  view: Window | null
  open: () => void
  close: () => void
}

/** A window that stays above all others, in which a part of this page is drawn. */
export function useSmallWindow(title: string): SmallWindow {
  const [view, setView] = useState<Window | null>(null)
  const latest = useRef<Window | null>(null)
  const means = documentPictureInPicture() ? 'document' : document.pictureInPictureEnabled ? 'video' : null

  const open = useCallback(() => {
    const request = async () => {
      const opened = await documentPictureInPicture()?.requestWindow(SIZE)
      if (opened === undefined) {
        await showLargestPicture()
        return
      }
      latest.current = opened
      opened.addEventListener('pagehide', () => {
        if (latest.current === opened) {
          latest.current = null
          setView(null)
        }
      })
      // Before anything is drawn: pictures are fetched in the size that they have.
      await adopt(opened.document)
      if (latest.current === opened) {
        setView(opened)
      }
    }
    // The browser refuses a window that nobody asked for.
    request().catch(() => undefined)
  }, [])
  const close = useCallback(() => {
    latest.current?.close()
    if (document.pictureInPictureElement) {
      document.exitPictureInPicture().catch(() => undefined)
    }
  }, [])

  useEffect(() => {
    if (view !== null) {
      view.document.title = title
      const { lang, dir } = document.documentElement
      Object.assign(view.document.documentElement, { lang, dir })
    }
  })
  // The meeting is over.
  useEffect(() => close, [close])
  return { means, view, open, close }
}

/** Gives another document the looks of this one. */
async function adopt(other: Document): Promise<void> {
  const { documentElement: from } = document
  const { documentElement: to } = other
  to.lang = from.lang
  to.dir = from.dir
  to.className = from.className
  for (const name of from.style) {
    to.style.setProperty(name, from.style.getPropertyValue(name))
  }
  const loads = [...document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')].map(({ href }) => {
    const link = other.createElement('link')
    link.rel = 'stylesheet'
    link.href = href
    const loaded = new Promise((resolve) => {
      link.addEventListener('load', resolve)
      link.addEventListener('error', resolve)
    })
    other.head.append(link)
    return loaded
  })
  await Promise.race([Promise.all(loads), new Promise((resolve) => setTimeout(resolve, STYLED_WITHIN_MS))])
}

/** Elsewhere the browser takes one picture out of the page. */
async function showLargestPicture(): Promise<void> {
  const area = (video: HTMLVideoElement) => video.clientWidth * video.clientHeight
  const [largest] = [...document.querySelectorAll<HTMLVideoElement>('[data-testid="tile"] video')].sort(
    (one, other) => area(other) - area(one),
  )
  if (largest !== undefined) {
    largest.disablePictureInPicture = false
    await largest.requestPictureInPicture()
  }
}
