import { useEffect, useRef } from 'react'

export interface VideoFrameProps {
  /**
   * Connects a track to the element and returns what undoes it. Must keep its identity while the
   * track is the same.
   */
  attach: (element: HTMLVideoElement) => () => void
  isMirrored: boolean
  /** Shows the whole picture with bars beside it, where it would else be cut to fill its box. */
  isWhole?: boolean
  label?: string
}

/** A picture that fills its box. Never has sound: that is played elsewhere. */
export function VideoFrame({ attach, isMirrored, isWhole = false, label }: VideoFrameProps) {
  const element = useRef<HTMLVideoElement>(null)
  useEffect(() => (element.current === null ? undefined : attach(element.current)), [attach])
  return (
    <video
      ref={element}
      autoPlay
      playsInline
      muted
      disablePictureInPicture
      aria-label={label}
      className={`absolute inset-0 size-full transition-[filter] group-data-interrupted:brightness-50 group-data-interrupted:grayscale ${isWhole ? 'object-contain' : 'object-cover'} ${isMirrored ? '-scale-x-100' : ''}`}
    />
  )
}
