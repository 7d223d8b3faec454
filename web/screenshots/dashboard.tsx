/**
 * One screen of the dashboard without the shell around it, for tests and pictures only: the real
 * screen, asking a real server with the credentials in the fragment of the address.
 */
import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { CallbacksScreen } from '@/dashboard/callbacks/CallbacksScreen'
import { RecordingsScreen } from '@/dashboard/recordings/RecordingsScreen'
import { type Ask, type Rest, RestError, RestProvider } from '@/dashboard/rest'
import { SessionsScreen } from '@/dashboard/sessions/SessionsScreen'
import { ThemesScreen } from '@/dashboard/themes/ThemesScreen'
import { UsageScreen } from '@/dashboard/usage/UsageScreen'
import { Announcements } from '@/ui/Announcements'
import { ToastPlace } from '@/ui/ToastPlace'

const SCREENS = {
  usage: UsageScreen,
  callbacks: CallbacksScreen,
  themes: ThemesScreen,
  sessions: SessionsScreen,
  recordings: RecordingsScreen,
}
const query = new URLSearchParams(window.location.hash.slice(1))

async function send({ method = 'GET', path, query: parameters = {}, body }: Ask, accept: string): Promise<Response> {
  const url = new URL(path, window.location.origin)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) {
      url.searchParams.set(name, String(value))
    }
  }
  const response = await fetch(url, {
    method,
    headers: {
      accept,
      authorization: path.startsWith('/v2/')
        ? `Basic ${btoa(query.get('account') ?? '')}`
        : `Bearer ${query.get('token')}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}))
    throw new RestError(response.status, problem.message ?? problem.detail ?? problem.title ?? '', problem)
  }
  return response
}

const rest: Rest = {
  applicationId: query.get('application') ?? '',
  role: (query.get('role') as Rest['role'] | null) ?? 'member',
  ask: async <Answer,>(ask: Ask) => {
    const text = await (await send(ask, 'application/json')).text()
    return (text === '' ? undefined : JSON.parse(text)) as Answer // each screen knows what it asked for
  },
  text: async (ask, accept) => (await send(ask, accept)).text(),
}

const Shown = SCREENS[query.get('screen') as keyof typeof SCREENS]
const root = document.getElementById('root')
if (root === null) {
  throw new Error('the page has no #root')
}
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <RestProvider value={rest}>
          <main className="p-4 sm:p-6">
            <Shown />
          </main>
          <ToastPlace words={{ label: 'News', dismiss: 'Close' }} />
          <Announcements />
        </RestProvider>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
)
