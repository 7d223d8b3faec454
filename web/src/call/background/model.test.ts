import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withMetadata } from '../../../tools/selfie-model.mjs'

const FILE = 'node_modules/@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite'

test('the model keeps its bytes, behind a head that names the metadata', () => {
  const model = new Uint8Array(readFileSync(FILE))
  const patched = withMetadata(model)
  const head = patched.subarray(0, patched.length - model.length)

  expect(Buffer.from(patched.subarray(head.length)).equals(Buffer.from(model))).toBe(true)
  expect(head.length % 16).toBe(0)
  expect(Buffer.from(head.subarray(4, 8)).toString()).toBe('TFL3')
  expect(Buffer.from(head).includes('TFLITE_METADATA')).toBe(true)
  expect(Buffer.from(head).includes('M001')).toBe(true)
})

test('a model that has metadata, or is none, is refused', () => {
  const model = new Uint8Array(readFileSync(FILE))

  expect(() => withMetadata(withMetadata(model))).toThrow('metadata already')
  expect(() => withMetadata(new Uint8Array(64))).toThrow('not a TensorFlow Lite model')
})
