import { expect, test } from 'vitest'
import { emptyListText, isMissing, selectedDevice, sortDevices } from './devices'

test('devices are sorted by kind and nameless ones left out', () => {
  const sorted = sortDevices([
    { kind: 'audioinput', deviceId: 'a', label: 'Headset' },
    { kind: 'audioinput', deviceId: '', label: '' },
    { kind: 'videoinput', deviceId: 'v', label: 'Webcam' },
    { kind: 'audiooutput', deviceId: 'o', label: 'Speakers' },
  ])

  expect(sorted).toEqual({
    microphone: [{ id: 'a', label: 'Headset' }],
    camera: [{ id: 'v', label: 'Webcam' }],
    speaker: [{ id: 'o', label: 'Speakers' }],
    present: new Set(['microphone', 'camera', 'speaker']),
  })
})

test('before permission devices have no names, which is not the same as being missing', () => {
  const list = sortDevices([{ kind: 'audioinput', deviceId: '', label: '' }])

  expect(list.microphone).toEqual([])
  expect(isMissing(list, 'microphone')).toBe(false)
  expect(isMissing(list, 'camera')).toBe(true)
  expect(isMissing({ present: null }, 'camera')).toBe(false)
})

test('a thousand devices do not become a thousand entries', () => {
  const many = Array.from({ length: 1000 }, (_, index) => ({
    kind: 'videoinput' as const,
    deviceId: `${index}`,
    label: 'x',
  }))

  expect(sortDevices(many).camera).toHaveLength(64)
})

test('the choice is shown while it is plugged in, then the device in use, then the first', () => {
  const devices = [
    { id: 'one', label: 'One' },
    { id: 'two', label: 'Two' },
    { id: 'three', label: 'Three' },
  ]

  expect(selectedDevice(devices, 'two', 'three')).toBe('two')
  expect(selectedDevice(devices, 'gone', 'three')).toBe('three')
  expect(selectedDevice(devices, 'gone', null)).toBe('one')
  expect(selectedDevice([], 'gone', null)).toBeNull()
})

test('a list without entries says why: not allowed, none there, or left to the system', () => {
  const nameless = sortDevices([{ kind: 'audioinput', deviceId: '', label: '' }])

  expect(emptyListText(nameless, 'microphone', 'denied')).toBe('devices.denied')
  expect(emptyListText(nameless, 'camera', 'blocked_by_embedder')).toBe('devices.denied')
  expect(emptyListText(nameless, 'camera', null)).toBe('devices.none')
  expect(emptyListText(nameless, 'microphone', null)).toBe('devices.default')
  expect(emptyListText(nameless, 'speaker', 'denied')).toBe('devices.default')
})
