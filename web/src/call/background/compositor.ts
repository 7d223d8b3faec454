/**
 * Puts a person before another background: a canvas each for the mask, for the small copy that is
 * blurred, and for the result. Runs in a worker.
 */
import type { Effect } from './messages'

/** The size that the model looks at. */
export const MASK = { width: 256, height: 144 }

/** Likelihoods of a person below the first are background, above the second the person. */
const EDGE = { from: 0.3, to: 0.7 }
/** The part of the mask before that stays, so that its edge does not flicker. */
const STEADINESS = 0.25

/** The blurred copy is so wide; the blur itself is in its pixels. */
const BLURS = { light: { width: 160, pixels: 1.5 }, strong: { width: 80, pixels: 2.5 } }

type Context = OffscreenCanvasRenderingContext2D

export class Compositor {
  readonly #mask = context(MASK.width, MASK.height)
  readonly #pixels = new ImageData(MASK.width, MASK.height)
  readonly #copy = context(1, 1)
  readonly #result = context(1, 1)

  /** The person of this frame, by likelihoods of a person for each place of the mask. */
  draw(frame: VideoFrame, likelihoods: Float32Array, effect: Effect, height: number): OffscreenCanvas {
    this.#drawMask(likelihoods)
    const { canvas } = this.#result
    const width = Math.round((frame.displayWidth * height) / frame.displayHeight)
    resize(canvas, width, height)
    const result = this.#result
    result.globalCompositeOperation = 'copy'
    result.drawImage(this.#mask.canvas, 0, 0, width, height)
    result.globalCompositeOperation = 'source-in'
    result.drawImage(frame, 0, 0, width, height)
    result.globalCompositeOperation = 'destination-over'
    if (effect.kind === 'image') {
      drawCovering(result, effect.image, width, height)
    } else {
      result.drawImage(this.#blur(frame, BLURS[effect.strength]), 0, 0, width, height)
    }
    return canvas
  }

  #drawMask(likelihoods: Float32Array): void {
    const { data } = this.#pixels
    for (let index = 0; index < likelihoods.length; index += 1) {
      const share = Math.min(1, Math.max(0, ((likelihoods[index] ?? 0) - EDGE.from) / (EDGE.to - EDGE.from)))
      const alpha = 4 * index + 3
      data[alpha] = STEADINESS * (data[alpha] ?? 0) + (1 - STEADINESS) * 255 * share * share * (3 - 2 * share)
    }
    this.#mask.putImageData(this.#pixels, 0, 0)
  }

  #blur(frame: VideoFrame, { width, pixels }: (typeof BLURS)['light']): OffscreenCanvas {
    const { canvas } = this.#copy
    resize(canvas, width, Math.round((frame.displayHeight * width) / frame.displayWidth))
    this.#copy.filter = `blur(${pixels}px)`
    this.#copy.imageSmoothingQuality = 'medium'
    // Larger than the canvas, because a blurred edge is half transparent.
    const edge = Math.ceil(pixels * 2)
    this.#copy.drawImage(frame, -edge, -edge, canvas.width + 2 * edge, canvas.height + 2 * edge)
    return canvas
  }
}

function context(width: number, height: number): Context {
  const found = new OffscreenCanvas(width, height).getContext('2d')
  if (found === null) {
    throw new Error('no canvas')
  }
  return found
}

function resize(canvas: OffscreenCanvas, width: number, height: number): void {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width
    canvas.height = height
  }
}

function drawCovering(target: Context, image: ImageBitmap, width: number, height: number): void {
  const scale = Math.max(width / image.width, height / image.height)
  const [wide, high] = [image.width * scale, image.height * scale]
  target.drawImage(image, (width - wide) / 2, (height - high) / 2, wide, high)
}
