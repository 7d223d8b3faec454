import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { pageClient } from '@/api/page'
import { createWords } from '@/lib/i18n'
import { App } from './App'

const root = document.getElementById('root')
if (root === null) {
  throw new Error('the page has no #root')
}
createRoot(root).render(
  <StrictMode>
    <App page={pageClient} words={createWords()} />
  </StrictMode>,
)
