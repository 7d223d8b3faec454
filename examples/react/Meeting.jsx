import { MoothallMeeting } from '@moothall/embed'
import React, { useEffect, useRef, useState } from 'react'

/** A meeting, the people in it, and a button of the page around it. */
export function Meeting({ roomUrl, displayName }) {
  const place = useRef(null)
  const meeting = useRef(null)
  const [people, setPeople] = useState([])

  useEffect(() => {
    const opened = new MoothallMeeting(place.current, { roomUrl, displayName })
    meeting.current = opened
    opened.on('participant_joined', ({ participant }) => setPeople((now) => [...now, participant]))
    opened.on('participant_left', ({ participant }) =>
      setPeople((now) => now.filter(({ id }) => id !== participant.id)),
    )
    return () => {
      opened.dispose()
      setPeople([])
    }
  }, [roomUrl, displayName])

  return (
    <>
      <div ref={place} style={{ height: 600 }} />
      <p role="status">In the meeting: {people.map(({ name }) => name).join(', ')}</p>
      <button type="button" onClick={() => meeting.current?.run('set_microphone', { on: false })}>
        Mute me
      </button>
    </>
  )
}
