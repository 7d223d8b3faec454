import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { pageClient } from '@/api/page'
import { isEmbedded } from '@/call/browser'
import { parseEntryWishes } from '@/lib/entryWishes'
import { createWords } from '@/lib/i18n'
import { scheme } from '@/lib/scheme'
import { App } from './App'

const root = document.getElementById('root')
if (root === null) {
  throw new Error('the page has no #root')
}
const { theme } = parseEntryWishes(window.location.search)
if (theme !== null) {
  scheme.choose(theme)
}
if (isEmbedded()) {
  void import('./bridge/bridge').then(({ startBridge }) => startBridge())
}
createRoot(root).render(
  <StrictMode>
    <App page={pageClient} words={createWords()} />
  </StrictMode>,
)
