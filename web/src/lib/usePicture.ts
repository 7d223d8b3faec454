import { useCallback } from 'react'

export interface Attachable {
  attach(element: HTMLMediaElement): unknown
  detach(element: HTMLMediaElement): unknown
}

/** Connects a picture to the element it is called with; keeps its identity with the picture. */
export function usePicture(picture: Attachable): (element: HTMLVideoElement) => () => void {
  return useCallback(
    (element: HTMLVideoElement) => {
      picture.attach(element)
      return () => void picture.detach(element)
    },
    [picture],
  )
}
