import { useState } from 'react'
import type { ConfirmFrameProps } from './ConfirmFrame'
import { later } from './later'

const ConfirmFrame = later(async () => (await import('./ConfirmFrame')).ConfirmFrame)

/** A question before something that cannot be undone; fetched and drawn once it is asked. */
export function ConfirmDialog(props: ConfirmFrameProps) {
  const [wasOpen, setWasOpen] = useState(props.isOpen)
  if (props.isOpen && !wasOpen) {
    setWasOpen(true)
  }
  return wasOpen && <ConfirmFrame {...props} />
}
