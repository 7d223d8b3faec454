/**
 * Serves the parts of background effects that are no modules, from this server and under a path
 * with their version: MediaPipe's WebAssembly with its loader, and the segmentation model. Without
 * the model the page is built without backgrounds.
 */
import { existsSync, readFileSync } from 'node:fs'
import { withMetadata } from './selfie-model.mjs'

const TASKS = 'node_modules/@mediapipe/tasks-vision'
const MODEL = 'node_modules/@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite'
const MODULE = 'virtual:effects'

/** A plugin for Vite, and the module `virtual:effects` with the addresses of the parts. */
export function effects() {
  const parts = existsSync(MODEL) ? readParts() : null
  const addresses = parts && Object.fromEntries(Object.entries(parts).map(([part, { path }]) => [part, `/${path}`]))
  return {
    name: 'moothall-effects',
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    load: (id) => (id === `\0${MODULE}` ? `export const effects = ${JSON.stringify(addresses)}` : undefined),
    generateBundle() {
      for (const { path, read } of Object.values(parts ?? {})) {
        this.emitFile({ type: 'asset', fileName: path, source: read() })
      }
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const part = Object.values(parts ?? {}).find(({ path }) => `/${path}` === request.url)
        if (part === undefined) {
          next()
          return
        }
        response.setHeader('content-type', part.type)
        response.end(part.read())
      })
    },
  }
}

function readParts() {
  const { version } = JSON.parse(readFileSync(`${TASKS}/package.json`, 'utf8'))
  const folder = `assets/effects-${version}`
  const wasm = (name) => () => readFileSync(`${TASKS}/wasm/${name}`)
  return {
    loader: {
      path: `${folder}/vision_wasm_internal.js`,
      type: 'text/javascript',
      read: wasm('vision_wasm_internal.js'),
    },
    wasm: {
      path: `${folder}/vision_wasm_internal.wasm`,
      type: 'application/wasm',
      read: wasm('vision_wasm_internal.wasm'),
    },
    model: {
      path: `${folder}/selfie_segmentation_landscape.tflite`,
      type: 'application/octet-stream',
      read: () => Buffer.from(withMetadata(new Uint8Array(readFileSync(MODEL)))),
    },
  }
}
