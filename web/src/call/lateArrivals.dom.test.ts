import { RoomEvent } from 'livekit-client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FakeRoom } from '@/testing/fakeRoom'
import { announceLateArrivals } from './lateArrivals'

let room: FakeRoom
let heard: [string, unknown][]

beforeEach(() => {
  vi.useFakeTimers()
  room = new FakeRoom()
  heard = []
  announceLateArrivals(room.asRoom())
  room.on(RoomEvent.ParticipantConnected, (participant) => heard.push(['participant', participant]))
  room.on(RoomEvent.TrackSubscribed, (track) => heard.push(['track', track]))
})

afterEach(() => {
  vi.useRealTimers()
})

function arrive(identity: string) {
  const track = {}
  const participant = {
    trackPublications: new Map([
      ['TR_1', { track }],
      ['TR_2', {}],
    ]),
  }
  room.remoteParticipants.set(identity, participant)
  return { participant, track }
}

describe('after a reconnect', () => {
  test('the room hears once of who came without an event, and of what they brought', () => {
    room.emit(RoomEvent.Reconnected)
    const { participant, track } = arrive('bob')

    vi.advanceTimersByTime(60_000)

    expect(heard).toEqual([
      ['participant', participant],
      ['track', track],
    ])
  })

  test('who was there before, or came with events, is not announced again', () => {
    arrive('bob')
    room.emit(RoomEvent.Reconnected)
    const { participant, track } = arrive('carol')
    room.emit(RoomEvent.ParticipantConnected, participant)
    room.emit(RoomEvent.TrackSubscribed, track)
    heard = []

    vi.advanceTimersByTime(60_000)

    expect(heard).toEqual([])
  })

  test('the next interruption ends the looking', () => {
    room.emit(RoomEvent.Reconnected)
    room.emit(RoomEvent.Reconnecting)
    arrive('bob')

    vi.advanceTimersByTime(60_000)

    expect(heard).toEqual([])
  })
})

test('without a reconnect nobody is announced', () => {
  arrive('bob')
  vi.advanceTimersByTime(60_000)
  expect(heard).toEqual([])
})
