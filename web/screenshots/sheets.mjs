import { WIDTHS } from './pages.mjs'

/** Several pictures of one screen on one small sheet: a row per language and scheme. */
const SCALE = Number(process.env.SHEET_SCALE ?? 0.42)
const GAP = 12
const QUALITY = 0.72

/** The sheet as WebP, drawn by `page`. */
export async function drawSheet(page, pictures, languages) {
  const widths = [...new Set(pictures.map(({ width }) => width))].sort(
    (one, other) => WIDTHS[one][0] - WIDTHS[other][0],
  )
  const rows = languages.flatMap((language) => ['light', 'dark'].map((scheme) => `${language} ${scheme}`))
  const cells = pictures.map(({ width, language, scheme, picture }) => ({
    column: widths.indexOf(width),
    row: rows.indexOf(`${language} ${scheme}`),
    bytes: picture.toString('base64'),
  }))
  await page.goto('about:blank')
  const drawn = await page.evaluate(
    async ({ cells, scale, gap, quality }) => {
      const bitmapOf = (bytes) =>
        createImageBitmap(new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))]))
      const placed = await Promise.all(cells.map(async (cell) => ({ ...cell, bitmap: await bitmapOf(cell.bytes) })))
      const most = (part, index, size) =>
        Math.max(0, ...placed.filter((cell) => cell[part] === index).map(({ bitmap }) => bitmap[size] * scale))
      const starts = (part, size) => {
        const count = Math.max(...placed.map((cell) => cell[part])) + 1
        const edges = [gap]
        for (let index = 0; index < count; index += 1) {
          edges.push(edges[index] + most(part, index, size) + gap)
        }
        return edges
      }
      const [columns, lines] = [starts('column', 'width'), starts('row', 'height')]
      const canvas = new OffscreenCanvas(columns.at(-1), lines.at(-1))
      const context = canvas.getContext('2d')
      context.imageSmoothingQuality = 'high'
      context.fillStyle = '#9aa5a0'
      context.fillRect(0, 0, canvas.width, canvas.height)
      for (const { column, row, bitmap } of placed) {
        context.drawImage(bitmap, columns[column], lines[row], bitmap.width * scale, bitmap.height * scale)
      }
      const blob = await canvas.convertToBlob({ type: 'image/webp', quality })
      const bytes = new Uint8Array(await blob.arrayBuffer())
      let text = ''
      for (let index = 0; index < bytes.length; index += 0x8000) {
        text += String.fromCharCode(...bytes.subarray(index, index + 0x8000))
      }
      return btoa(text)
    },
    { cells, scale: SCALE, gap: GAP, quality: QUALITY },
  )
  return Buffer.from(drawn, 'base64')
}

/**
 * The page that shows the sheets that there are, as Markdown: headings, and below them name and
 * caption of each.
 */
export function pageOfSheets(headings, isThere) {
  const parts = Object.entries(headings).flatMap(([heading, scenes]) => {
    const sheets = Object.entries(scenes)
      .filter(([name]) => isThere(name))
      .map(([name, caption]) => `### ${caption}\n\n![${caption}](${name}.webp)`)
    return sheets.length === 0 ? [] : [`## ${heading}`, ...sheets]
  })
  return `${[INTRODUCTION, ...parts].join('\n\n')}\n`
}

const INTRODUCTION = `# Screens

The main screens of the meeting page. \`make screens\` takes the pictures and writes this page; all
other screens: \`cd web && npm run screenshots\`. Each sheet shows one screen: in its columns at
360, 550, 740 and 1280 px, in its rows in English, German and Hebrew, each light and dark. A screen
that is not there at a width is left out. The people are drawn, and a stand-in answers for the
server; everything else is the page itself.`
