/** Whether the page is light or dark: as the system has it, unless somebody wishes otherwise. */
import type { ThemeWish } from './entryWishes'
import { Cell } from './store'

export interface Scheme {
  theme: ThemeWish
  isDark: boolean
}

const DARK = '(prefers-color-scheme: dark)'

class SchemeCell extends Cell<Scheme> {
  readonly #system = window.matchMedia(DARK)
  /** The rules for dark surroundings. Their condition is exchanged, so no rule is there twice. */
  readonly #rules = new Set<CSSMediaRule>()

  constructor() {
    super({ theme: 'auto', isDark: false })
    this.update({ isDark: this.#system.matches })
    this.#system.addEventListener('change', () => this.choose(this.getSnapshot().theme))
  }

  choose(theme: ThemeWish): void {
    const isDark = theme === 'auto' ? this.#system.matches : theme === 'dark'
    for (const rule of this.#find()) {
      rule.media.mediaText = theme === 'auto' ? DARK : isDark ? 'all' : 'not all'
    }
    this.update({ theme, isDark })
  }

  #find(): Iterable<CSSMediaRule> {
    for (const sheet of document.styleSheets) {
      this.#collect(sheet)
    }
    return this.#rules
  }

  #collect(group: { cssRules: CSSRuleList }): void {
    for (const rule of group.cssRules) {
      if (rule instanceof CSSMediaRule && rule.media.mediaText === DARK) {
        this.#rules.add(rule)
      } else if ('cssRules' in rule) {
        this.#collect(rule as CSSGroupingRule)
      }
    }
  }
}

export const scheme = new SchemeCell()
