import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach } from 'vitest'
import { removeMediaDevices } from './mediaDevices'

// A busy machine must not decide a test: what is awaited may take long, and is not waited for
// longer than it takes.
configure({ asyncUtilTimeout: 30_000 })

// jsdom has no layout and no media queries: elements have no size, and nothing matches.
class NoResizeObserver implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
globalThis.ResizeObserver ??= NoResizeObserver
window.matchMedia ??= (media) => {
  const query = new EventTarget() as MediaQueryList
  return Object.assign(query, { matches: false, media, addListener: () => undefined, removeListener: () => undefined })
}

// axe asks for a canvas to measure icons in fonts, of which there are none here.
HTMLCanvasElement.prototype.getContext = () => null

afterEach(() => {
  cleanup()
  removeMediaDevices()
  localStorage.clear()
  sessionStorage.clear()
})
