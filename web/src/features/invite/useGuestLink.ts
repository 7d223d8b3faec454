import { useEffect, useState } from 'react'

export interface GuestLink {
  url: string
  isCopied: boolean
  /** True when the browser refused; then the link has to be shown for copying by hand. */
  hasFailed: boolean
  copy: () => void
  dismiss: () => void
}

const SHOW_MS = 2500

/** The link that invites a guest, and copying it. */
export function useGuestLink(url: string): GuestLink {
  const [outcome, setOutcome] = useState<'copied' | 'failed' | null>(null)
  useEffect(() => {
    if (outcome !== 'copied') {
      return
    }
    const timer = window.setTimeout(() => setOutcome(null), SHOW_MS)
    return () => window.clearTimeout(timer)
  }, [outcome])

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url)
      setOutcome('copied')
    } catch {
      setOutcome('failed')
    }
  }
  return {
    url,
    isCopied: outcome === 'copied',
    hasFailed: outcome === 'failed',
    copy: () => void copy(),
    dismiss: () => setOutcome(null),
  }
}
