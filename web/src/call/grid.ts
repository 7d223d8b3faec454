/**
 * Where the tiles of a page go. Pure: numbers in, rectangles out.
 *
 * Camera pictures are 16:9 and are cropped to fill their tile, so a tile may be narrower than the
 * picture: down to 4:5 in a space that is higher than wide, which lets two people fill a phone held
 * upright, and down to 6:5 elsewhere. Among all numbers of columns the one wins whose tiles are
 * largest, where cropped pictures count a little less than whole ones.
 */

export interface Size {
  /** CSS pixels. */
  width: number
  height: number
}

export interface Rectangle extends Size {
  /** Distance in CSS pixels from the left and the top edge of the space. */
  x: number
  y: number
}

export interface Grid {
  columns: number
  rows: number
  tile: Size
  tiles: Rectangle[]
}

const WIDEST = 16 / 9
const NARROWEST_IN_UPRIGHT_SPACE = 4 / 5
const NARROWEST = 6 / 5
/**
 * How much less a cropped picture counts: 0 would not mind cropping, 1 would count only what is
 * shown.
 */
const CROPPING_COST = 0.35
/** Below this a face cannot be recognised and a name does not fit. */
const SMALLEST_TILE: Size = { width: 132, height: 96 }
/** The number of cameras that the server forwards in a room by default. */
const MOST_TILES = 25

export interface GridOptions {
  /** Space between tiles in CSS pixels. */
  gap: number
  /** Whether the first tile is at the right, as in Arabic and Hebrew. */
  rightToLeft?: boolean
}

export function arrangeGrid(space: Size, count: number, { gap, rightToLeft = false }: GridOptions): Grid {
  let best = arrangeColumns(space, count, 1, gap)
  for (let columns = 2; columns <= count; columns += 1) {
    const candidate = arrangeColumns(space, count, columns, gap)
    if (candidate.score > best.score + 1e-6) {
      best = candidate
    }
  }
  const { columns, rows, tile } = best
  return { columns, rows, tile, tiles: place(space, count, best, gap, rightToLeft) }
}

interface Candidate {
  columns: number
  rows: number
  tile: Size
  score: number
}

function arrangeColumns(space: Size, count: number, columns: number, gap: number): Candidate {
  const rows = Math.ceil(count / columns)
  const cellWidth = Math.max(0, (space.width - gap * (columns - 1)) / columns)
  const cellHeight = Math.max(0, (space.height - gap * (rows - 1)) / rows)
  const narrowest = space.height > space.width ? NARROWEST_IN_UPRIGHT_SPACE : NARROWEST
  const width = Math.floor(Math.min(cellWidth, cellHeight * WIDEST))
  const height = Math.floor(Math.min(cellHeight, cellWidth / narrowest))
  const shown = height > 0 ? Math.min(1, width / height / WIDEST) : 0
  return { columns, rows, tile: { width, height }, score: width * height * shown ** CROPPING_COST }
}

function place(space: Size, count: number, { columns, rows, tile }: Candidate, gap: number, rightToLeft: boolean) {
  const top = (space.height - rows * tile.height - (rows - 1) * gap) / 2
  return Array.from({ length: count }, (_, index): Rectangle => {
    const row = Math.floor(index / columns)
    const inRow = row === rows - 1 ? count - row * columns : columns
    const start = (space.width - inRow * tile.width - (inRow - 1) * gap) / 2
    const fromStart = start + (index % columns) * (tile.width + gap)
    const x = rightToLeft ? space.width - fromStart - tile.width : fromStart
    return { x: Math.round(x), y: Math.round(top + row * (tile.height + gap)), ...tile }
  })
}

/**
 * How many tiles a page of this size can hold and still show who is who; at least one, at most 25.
 */
export function tilesPerPage(space: Size, gap: number): number {
  for (let count = MOST_TILES; count > 1; count -= 1) {
    const { tile } = arrangeGrid(space, count, { gap })
    if (tile.width >= SMALLEST_TILE.width && tile.height >= SMALLEST_TILE.height) {
      return count
    }
  }
  return 1
}
