import { CSPProvider } from '@base-ui/react/csp-provider'
import { DirectionProvider } from '@base-ui/react/direction-provider'
import type { i18n } from 'i18next'
import { I18nextProvider } from 'react-i18next'
import { Route, Router, Switch } from 'wouter'
import type { PageClient } from '@/api/page'
import { Announcements } from '@/ui/Announcements'
import { CrashBoundary } from './CrashBoundary'
import { HomeRoute } from './HomeRoute'
import { adoptHostLink } from './hostLink'
import { LanguageProvider } from './LanguageProvider'
import { MeetingRoute } from './MeetingRoute'

// Before anything is drawn, so that secrets leave the address bar at once.
adoptHostLink()

/** Wires the page: language, direction, policy of style elements, routes. */
export function App({ page, words }: { page: PageClient; words: i18n }) {
  return (
    <I18nextProvider i18n={words}>
      <LanguageProvider words={words}>
        {({ direction }) => (
          <CSPProvider disableStyleElements>
            <DirectionProvider direction={direction}>
              <Announcements />
              <CrashBoundary>
                <Router>
                  <Switch>
                    <Route path="/">
                      <HomeRoute />
                    </Route>
                    <Route path="/:code">
                      {({ code }) => <MeetingRoute key={code} page={page} code={code} brand={null} />}
                    </Route>
                    <Route path="/:brand/:code">
                      {({ brand, code }) => <MeetingRoute key={code} page={page} code={code} brand={brand} />}
                    </Route>
                    <Route>
                      <HomeRoute />
                    </Route>
                  </Switch>
                </Router>
              </CrashBoundary>
            </DirectionProvider>
          </CSPProvider>
        )}
      </LanguageProvider>
    </I18nextProvider>
  )
}
