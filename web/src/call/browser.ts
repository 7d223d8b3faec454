/** The browsers whose way to allow a camera differs. */
export type BrowserFamily = 'chromium' | 'firefox' | 'safari' | 'ios' | 'android' | 'other'

export function browserFamily(userAgent: string, touchPoints: number): BrowserFamily {
  // An iPad says it is a Mac; a Mac has no touch screen.
  if (/iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && touchPoints > 1)) {
    return 'ios'
  }
  if (/Android/.test(userAgent)) {
    return 'android'
  }
  if (/Firefox\//.test(userAgent)) {
    return 'firefox'
  }
  if (/Chrome\/|Chromium\//.test(userAgent)) {
    return 'chromium'
  }
  return /Safari\//.test(userAgent) ? 'safari' : 'other'
}

/** Whether this is a phone or a tablet, which stops cameras and microphones as it likes. */
export function isPhone(): boolean {
  return ['ios', 'android'].includes(browserFamily(navigator.userAgent, navigator.maxTouchPoints))
}

/** Whether this page is inside another page's frame. */
export function isEmbedded(): boolean {
  return window.self !== window.top
}
