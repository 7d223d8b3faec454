import { CSPProvider } from '@base-ui/react/csp-provider'
import { type RenderResult, render } from '@testing-library/react'
import axe from 'axe-core'
import type { ReactElement } from 'react'
import { I18nextProvider } from 'react-i18next'
import { createWords, speak } from '@/lib/i18n'
import type { Language } from '@/lib/languages'

/**
 * Draws a component with the words of a language and what the application gives every component.
 */
export async function renderPage(element: ReactElement, language: Language = 'en'): Promise<RenderResult> {
  const words = createWords()
  await speak(words, language)
  return render(
    <I18nextProvider i18n={words}>
      <CSPProvider disableStyleElements>{element}</CSPProvider>
    </I18nextProvider>,
  )
}

/**
 * The violations that axe finds, one line each. Colours are left to the contrast tests: jsdom does
 * not paint.
 */
export async function accessibilityFaults(container: Element): Promise<string[]> {
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  })
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)
}
