import { expect, test } from 'vitest'
import { explainCapture, likelyKind, readCapture } from './screenCapture'

interface FakeTrack {
  settings: object
  isStopped: boolean
}

const track = (settings: object) => {
  const fake: FakeTrack = { settings, isStopped: false }
  return {
    fake,
    track: {
      getSettings: () => fake.settings,
      stop: () => {
        fake.isStopped = true
      },
    } as unknown as MediaStreamTrack,
  }
}
const stream = (video: MediaStreamTrack | null, audio: MediaStreamTrack | null) =>
  ({
    getVideoTracks: () => (video === null ? [] : [video]),
    getAudioTracks: () => (audio === null ? [] : [audio]),
  }) as unknown as MediaStream

test.each([
  ['monitor', {}, true],
  ['monitor', { restrictOwnAudio: false }, true],
  ['monitor', { restrictOwnAudio: true }, false],
  ['browser', {}, false],
  ['window', {}, false],
])('sound of a %s with %j is left out: %s', (displaySurface, settings, isLeftOut) => {
  const video = track({ displaySurface })
  const audio = track(settings)
  const captured = readCapture(stream(video.track, audio.track))

  expect(captured).toMatchObject({ isSoundLeftOut: isLeftOut, audio: isLeftOut ? null : audio.track })
  expect(audio.fake.isStopped).toBe(isLeftOut)
})

test('a browser that does not tell the surface is believed, and sound without a picture is stopped', () => {
  const audio = track({})
  expect(readCapture(stream(track({}).track, audio.track))).toMatchObject({ surface: 'unknown', audio: audio.track })
  expect(readCapture(stream(null, audio.track))).toBeNull()
  expect(audio.fake.isStopped).toBe(true)
})

test.each([
  [new DOMException('Permission denied', 'NotAllowedError'), null],
  [new DOMException('Permission denied by user', 'NotAllowedError'), null],
  [new DOMException('Permission denied by system', 'NotAllowedError'), 'denied_by_system'],
  [
    new DOMException('Access to the feature "display-capture" is disallowed by permissions policy.', 'NotAllowedError'),
    'blocked_by_embedder',
  ],
  [new DOMException('The object can not be found here.', 'NotFoundError'), 'denied_by_system'],
  [new DOMException('Could not start video source', 'NotReadableError'), 'failed'],
  ['a string', 'failed'],
])('%s means %s', (error, problem) => {
  expect(explainCapture(error)).toBe(problem)
})

test('a tab with sound is taken for a film, everything else for text', () => {
  const audio = track({}).track
  expect(likelyKind({ surface: 'tab', audio })).toBe('video')
  expect(likelyKind({ surface: 'tab', audio: null })).toBe('text')
  expect(likelyKind({ surface: 'window', audio })).toBe('text')
})
