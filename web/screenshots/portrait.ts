/**
 * Draws somebody in front of a wall, so that pictures of the stage show what a camera would.
 * Returns the video track.
 */
export function portrait(seed: number): MediaStreamTrack {
  const canvas = document.createElement('canvas')
  canvas.width = 960
  canvas.height = 540
  const context = canvas.getContext('2d')
  if (context === null) {
    throw new Error('no 2d canvas')
  }
  const hue = (seed * 67) % 360
  const skin = `oklch(${0.45 + ((seed * 37) % 45) / 100} 0.06 55)`
  const draw = () => {
    const wall = context.createLinearGradient(0, 0, 960, 540)
    wall.addColorStop(0, `oklch(0.86 0.04 ${hue})`)
    wall.addColorStop(1, `oklch(0.62 0.07 ${(hue + 40) % 360})`)
    context.fillStyle = wall
    context.fillRect(0, 0, 960, 540)
    context.fillStyle = `oklch(0.95 0.03 ${(hue + 60) % 360} / 0.55)`
    context.fillRect(80 + (seed % 3) * 250, 60, 180, 230)
    context.fillStyle = `oklch(0.42 0.09 ${(hue + 180) % 360})`
    context.beginPath()
    context.ellipse(480, 600, 270, 220, 0, 0, Math.PI * 2)
    context.fill()
    context.fillStyle = skin
    context.fillRect(430, 330, 100, 90)
    context.beginPath()
    context.ellipse(480, 265, 98, 122, 0, 0, Math.PI * 2)
    context.fill()
    context.fillStyle = `oklch(${0.2 + (seed % 5) / 12} 0.05 60)`
    context.beginPath()
    context.ellipse(480, 200, 110, 82, 0, Math.PI, Math.PI * 2)
    context.fill()
  }
  draw()
  window.setInterval(draw, 500)
  const [track] = canvas.captureStream(5).getVideoTracks()
  if (track === undefined) {
    throw new Error('the canvas gave no track')
  }
  return track
}

/** Draws a page of text with a chart, as somebody's screen. Returns the video track. */
export function slide(seed: number): MediaStreamTrack {
  const canvas = document.createElement('canvas')
  canvas.width = 1920
  canvas.height = 1080
  const context = canvas.getContext('2d')
  if (context === null) {
    throw new Error('no 2d canvas')
  }
  const draw = () => {
    context.fillStyle = '#fdfdfb'
    context.fillRect(0, 0, 1920, 1080)
    context.fillStyle = `oklch(0.5 0.12 ${(seed * 83) % 360})`
    context.fillRect(0, 0, 1920, 96)
    for (let bar = 0; bar < 9; bar += 1) {
      const height = 120 + ((bar * 137 + seed * 59) % 420)
      context.fillRect(1080 + bar * 84, 940 - height, 56, height)
    }
    context.fillStyle = '#1c2a26'
    context.font = '44px sans-serif'
    context.fillText(`Quarterly figures, part ${seed}`, 96, 200)
    context.font = '26px sans-serif'
    for (let line = 0; line < 16; line += 1) {
      context.fillText('The northern branch has grown more than the southern one did before.', 96, 290 + line * 44)
    }
  }
  draw()
  window.setInterval(draw, 500)
  const [track] = canvas.captureStream(5).getVideoTracks()
  if (track === undefined) {
    throw new Error('the canvas gave no track')
  }
  return track
}
