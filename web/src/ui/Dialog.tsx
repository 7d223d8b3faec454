import { useState } from 'react'
import type { DialogFrameProps } from './DialogFrame'
import { later } from './later'

const DialogFrame = later(async () => (await import('./DialogFrame')).DialogFrame)

/** A dialog, of which nothing is fetched or drawn before it is opened for the first time. */
export function Dialog(props: DialogFrameProps) {
  const [wasOpen, setWasOpen] = useState(props.isOpen)
  if (props.isOpen && !wasOpen) {
    setWasOpen(true)
  }
  return wasOpen && <DialogFrame {...props} />
}
