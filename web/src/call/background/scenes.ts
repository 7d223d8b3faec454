/** Draws the backgrounds that come with the page; nothing of them is fetched. */
import type { Scene } from './choice'

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

interface Look {
  /** From top to bottom. */
  sky: readonly string[]
  /** The sun or a lamp: place and size as parts of the picture. */
  light: { x: number; y: number; radius: number; colour: string }
  /** Hills from the farthest to the nearest; how high each begins. */
  hills: readonly { colour: string; from: number; waves: number }[]
}

const LOOKS: Record<Scene, Look> = {
  dawn: {
    sky: ['#7f9cc0', '#e8b9a6', '#f8ddb8'],
    light: { x: 0.72, y: 0.52, radius: 0.5, colour: '#fff0cf' },
    hills: [
      { colour: '#b38f97', from: 0.66, waves: 2.1 },
      { colour: '#7d6a80', from: 0.76, waves: 3.3 },
      { colour: '#4d4b66', from: 0.87, waves: 1.7 },
    ],
  },
  meadow: {
    sky: ['#8fc1dd', '#cfe6ea', '#eef3e2'],
    light: { x: 0.25, y: 0.2, radius: 0.45, colour: '#ffffff' },
    hills: [
      { colour: '#9dbf94', from: 0.62, waves: 1.6 },
      { colour: '#7aa873', from: 0.73, waves: 2.7 },
      { colour: '#568a57', from: 0.85, waves: 1.3 },
    ],
  },
  harbour: {
    sky: ['#dbe5ea', '#b9cfd8', '#9dbac7'],
    light: { x: 0.5, y: 0.3, radius: 0.7, colour: '#f7fbfc' },
    hills: [
      { colour: '#86a5b3', from: 0.6, waves: 4.1 },
      { colour: '#5f8496', from: 0.7, waves: 0.4 },
      { colour: '#46697c', from: 0.84, waves: 0.6 },
    ],
  },
  evening: {
    sky: ['#1b2440', '#3b3c63', '#7a5b76'],
    light: { x: 0.3, y: 0.6, radius: 0.4, colour: '#d88f7d' },
    hills: [
      { colour: '#3c3a58', from: 0.68, waves: 2.4 },
      { colour: '#2a2c47', from: 0.78, waves: 1.9 },
      { colour: '#191d33', from: 0.88, waves: 3.1 },
    ],
  },
}

/** Fills the canvas with this scene. */
export function drawScene(scene: Scene, context: Context): void {
  const { width, height } = context.canvas
  const { sky, light, hills } = LOOKS[scene]
  const air = context.createLinearGradient(0, 0, 0, height)
  for (const [index, colour] of sky.entries()) {
    air.addColorStop(index / (sky.length - 1), colour)
  }
  context.fillStyle = air
  context.fillRect(0, 0, width, height)

  const [x, y] = [light.x * width, light.y * height]
  const glow = context.createRadialGradient(x, y, 0, x, y, light.radius * height)
  glow.addColorStop(0, light.colour)
  glow.addColorStop(1, `${light.colour}00`)
  context.fillStyle = glow
  context.fillRect(0, 0, width, height)

  for (const { colour, from, waves } of hills) {
    context.fillStyle = colour
    context.beginPath()
    context.moveTo(0, height)
    for (let step = 0; step <= 64; step += 1) {
      const along = step / 64
      const wave = Math.sin(along * waves * Math.PI + waves) + 0.4 * Math.sin(along * waves * 7 + from * 9)
      context.lineTo(along * width, (from + 0.045 * wave) * height)
    }
    context.lineTo(width, height)
    context.fill()
  }
}
