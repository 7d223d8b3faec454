import { keepHostToken, parseHostLink } from '@/lib/hostLink'

/**
 * When the page was opened with a host link: keeps its token for this tab and takes it out of the
 * address bar.
 */
export function adoptHostLink(): void {
  const link = parseHostLink(window.location.pathname, window.location.search)
  if (link !== null) {
    keepHostToken(link.meetingCode, link.participantToken)
    window.history.replaceState(window.history.state, '', link.path)
  }
}
