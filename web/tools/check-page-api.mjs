// Fails when the typed client of the page's calls is not the one that the committed document gives.
import { readFileSync } from 'node:fs'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'

const document = new URL('../src/api/page.openapi.json', import.meta.url)
const expected = COMMENT_HEADER + astToString(await openapiTS(document))
if (readFileSync(new URL('../src/api/page.schema.ts', import.meta.url), 'utf8') !== expected) {
  console.error('src/api/page.schema.ts is out of date: run make page-api')
  process.exit(1)
}
