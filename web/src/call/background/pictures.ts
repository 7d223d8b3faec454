/**
 * The pictures that stand in for a background: our scenes, the theme's, and those that a person
 * keeps here.
 */
import { Cell } from '@/lib/store'
import type { Background } from './choice'
import { drawScene } from './scenes'
import { themePictures } from './themePictures'

export const MOST_PICTURES = 6
/** Pictures are kept in this size and no other. */
const SIZE = { width: 1280, height: 720 }
/** A file larger than this is not opened. */
const LARGEST_FILE = 30 * 1024 * 1024
const LARGEST_PICTURE = 2 * 1024 * 1024
const DATABASE = 'moothall'
const STORE = 'backgrounds'

export interface OwnPicture {
  id: string
  /** For an `img`, as long as the page lives. */
  url: string
  blob: Blob
}

class OwnPictures extends Cell<{ all: readonly OwnPicture[] }> {
  #loading: Promise<void> | null = null

  constructor() {
    super({ all: [] })
  }

  /** Reads what is kept, once. Where nothing can be kept, pictures last as long as the page. */
  load(): Promise<void> {
    this.#loading ??= withStore('readonly', async (store) => {
      const [ids, blobs] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())])
      const all = ids.flatMap((id, index): OwnPicture[] => {
        const blob: unknown = blobs[index]
        return typeof id === 'string' && blob instanceof Blob ? [{ id, blob, url: URL.createObjectURL(blob) }] : []
      })
      this.update({ all })
    }).catch(() => undefined)
    return this.#loading
  }

  /** Keeps a picture and returns its id. Throws when the file is none. */
  async add(file: Blob): Promise<string> {
    await this.load()
    const blob = await encode(file)
    const id = crypto.randomUUID()
    await withStore('readwrite', (store) => answer(store.put(blob, id))).catch(() => undefined)
    this.update({ all: [...this.getSnapshot().all, { id, blob, url: URL.createObjectURL(blob) }] })
    return id
  }

  async remove(id: string): Promise<void> {
    const found = this.getSnapshot().all.find((picture) => picture.id === id)
    this.update({ all: this.getSnapshot().all.filter((picture) => picture !== found) })
    await withStore('readwrite', (store) => answer(store.delete(id))).catch(() => undefined)
    if (found !== undefined) {
      URL.revokeObjectURL(found.url)
    }
  }
}

export const ownPictures = new OwnPictures()

/** The picture of a choice; null for one that is gone. */
export async function findPicture(
  chosen: Extract<Background, { kind: 'scene' | 'theme' | 'own' }>,
): Promise<ImageBitmap | null> {
  if (chosen.kind === 'scene') {
    const { canvas, context } = blank()
    drawScene(chosen.scene, context)
    return createImageBitmap(canvas)
  }
  if (chosen.kind === 'theme') {
    const picture = await themePictures.find(chosen.url)
    return picture === null ? null : createImageBitmap(picture)
  }
  await ownPictures.load()
  const found = ownPictures.getSnapshot().all.find(({ id }) => id === chosen.id)
  return found === undefined ? null : createImageBitmap(found.blob)
}

/** Drawn anew in one size: what a file says of its place and camera is left out. */
async function encode(file: Blob): Promise<Blob> {
  if (file.size > LARGEST_FILE) {
    throw new Error('the file is too large')
  }
  const image = await createImageBitmap(file)
  const { canvas, context } = blank()
  const scale = Math.max(SIZE.width / image.width, SIZE.height / image.height)
  const [width, height] = [image.width * scale, image.height * scale]
  context.drawImage(image, (SIZE.width - width) / 2, (SIZE.height - height) / 2, width, height)
  image.close()
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })
  if (blob.size > LARGEST_PICTURE) {
    throw new Error('the picture is too large')
  }
  return blob
}

function blank(): { canvas: OffscreenCanvas; context: OffscreenCanvasRenderingContext2D } {
  const canvas = new OffscreenCanvas(SIZE.width, SIZE.height)
  const context = canvas.getContext('2d')
  if (context === null) {
    throw new Error('no canvas')
  }
  return { canvas, context }
}

async function withStore<Value>(
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => Promise<Value>,
): Promise<Value> {
  const opening = indexedDB.open(DATABASE, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
  const database = await answer(opening)
  try {
    return await use(database.transaction(STORE, mode).objectStore(STORE))
  } finally {
    database.close()
  }
}

function answer<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
