/** Gives an empty frame of this page the looks of the page, light or dark. */

const DARK = '(prefers-color-scheme: dark)'

/**
 * Copies the style sheets of the page into the document and decides for light or dark. `onReady`
 * gets the document when all of them are there.
 */
export function dress(page: Document, isDark: boolean, onReady: (page: Document) => void): void {
  const sources = [...document.querySelectorAll<HTMLElement>('link[rel="stylesheet"], style')]
  page.documentElement.lang = 'en'
  const awaited = sources.map((source) => {
    const copy = page.importNode(source, true)
    if (copy instanceof HTMLLinkElement || source instanceof HTMLLinkElement) {
      // A copy belongs to the address of the frame, which has none.
      copy.setAttribute('href', (source as HTMLLinkElement).href)
    }
    const loaded =
      source instanceof HTMLLinkElement
        ? new Promise((resolve) => {
            copy.addEventListener('load', resolve)
            copy.addEventListener('error', resolve)
          })
        : Promise.resolve()
    page.head.append(copy)
    return loaded
  })
  void Promise.all(awaited).then(() => {
    for (const sheet of page.styleSheets) {
      decide(sheet, isDark)
    }
    onReady(page)
  })
}

/** The rules come from another realm, so that they are told by what they have. */
function decide(group: { cssRules: CSSRuleList }, isDark: boolean): void {
  for (const rule of group.cssRules) {
    if ('media' in rule && (rule as CSSMediaRule).media?.mediaText === DARK) {
      ;(rule as CSSMediaRule).media.mediaText = isDark ? 'all' : 'not all'
    }
    if ('cssRules' in rule) {
      decide(rule as CSSGroupingRule, isDark)
    }
  }
}
