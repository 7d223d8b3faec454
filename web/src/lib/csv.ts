/** Tables for spreadsheets: CSV (RFC 4180). Pure. */

/** Spreadsheets run a cell that begins with one of these as a formula (CSV injection). */
const BEGINS_FORMULA = /^[=+\-@\t\r\n]/

/** A text that a spreadsheet would run as a formula is prefixed with an apostrophe. */
export function renderTable(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map(renderCell).join(',')}\r\n`).join('')
}

function renderCell(value: string | number): string {
  const text = typeof value === 'string' && BEGINS_FORMULA.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
