/** A video of noise, which no encoder makes small: it fills whatever rate it is given. */
const WIDTH = 640
const HEIGHT = 360
export const FRAMES_PER_SECOND = 15
const TILE = 128

export interface NoiseVideo {
  track: MediaStreamTrack
  stop: () => void
}

export function startNoiseVideo(): NoiseVideo {
  const canvas = document.createElement('canvas')
  canvas.width = WIDTH
  canvas.height = HEIGHT
  const context = canvas.getContext('2d', { alpha: false })
  const tile = noiseTile()
  const [track] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks()
  if (context === null || track === undefined) {
    throw new Error('this browser makes no video of a canvas')
  }
  const draw = () => {
    // Random places, so that no picture resembles the one before.
    for (let y = -TILE; y < HEIGHT; y += TILE) {
      const shift = Math.floor(Math.random() * TILE)
      for (let x = -shift; x < WIDTH; x += TILE) {
        context.drawImage(tile, x, y + Math.floor(Math.random() * TILE))
      }
    }
  }
  draw()
  const timer = window.setInterval(draw, 1000 / FRAMES_PER_SECOND)
  return {
    track,
    stop: () => {
      window.clearInterval(timer)
      track.stop()
    },
  }
}

function noiseTile(): HTMLCanvasElement {
  const tile = document.createElement('canvas')
  tile.width = TILE
  tile.height = TILE
  const context = tile.getContext('2d')
  const picture = context?.createImageData(TILE, TILE)
  if (context && picture) {
    for (let index = 0; index < picture.data.length; index += 1) {
      picture.data[index] = index % 4 === 3 ? 255 : Math.random() * 256
    }
    context.putImageData(picture, 0, 0)
  }
  return tile
}
