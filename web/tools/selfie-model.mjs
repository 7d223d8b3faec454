/**
 * Adds to the selfie segmentation model the metadata that MediaPipe's ImageSegmenter asks for: how
 * the input is normalised. The package has the model without them, from before they were asked for.
 *
 * Both formats are FlatBuffers, whose references point forward. So a new head, with a new `Model`
 * table, is put before the old file, and refers to the old tables in it; nothing of them changes.
 */

/** Fields of `Model` in TensorFlow Lite's schema.fbs, by number. */
const MODEL = { version: 0, operatorCodes: 1, subgraphs: 2, description: 3, buffers: 4, metadata: 6 }
const MODEL_FIELDS = 8
/** References of old tables that the new one takes over as they are. */
const KEPT = [MODEL.operatorCodes, MODEL.subgraphs, MODEL.description]

/** The model with metadata: samples of 0 to 255 are divided by 255. */
export function withMetadata(model) {
  const old = new DataView(model.buffer, model.byteOffset, model.byteLength)
  if (new TextDecoder('latin1').decode(model.subarray(4, 8)) !== 'TFL3') {
    throw new Error('not a TensorFlow Lite model')
  }
  const root = old.getUint32(0, true)
  /** Where the value of a field of the old root table is, or 0. */
  const at = (field) => {
    const vtable = root - old.getInt32(root, true)
    const entry = 4 + 2 * field
    const offset = entry < old.getUint16(vtable, true) ? old.getUint16(vtable + entry, true) : 0
    return offset === 0 ? 0 : root + offset
  }
  const target = (position) => position + old.getUint32(position, true)
  if (at(MODEL.metadata) !== 0) {
    throw new Error('the model has metadata already')
  }
  const buffers = target(at(MODEL.buffers))
  const count = old.getUint32(buffers, true)

  const head = new Writer()
  head.reference('root')
  head.bytes(new TextEncoder().encode('TFL3'))
  head.table('root', MODEL_FIELDS, [
    [MODEL.version, (writer) => writer.uint32(old.getUint32(at(MODEL.version), true))],
    ...KEPT.filter((field) => at(field) !== 0).map((field) => [
      field,
      (writer) => writer.referenceToOld(target(at(field))),
    ]),
    [MODEL.buffers, (writer) => writer.reference('buffers')],
    [MODEL.metadata, (writer) => writer.reference('metadata')],
  ])
  head.label('buffers')
  head.uint32(count + 1)
  for (let index = 0; index < count; index += 1) {
    head.referenceToOld(target(buffers + 4 + 4 * index))
  }
  head.reference('buffer')
  head.label('metadata')
  head.uint32(1)
  head.reference('entry')
  head.table('entry', 2, [
    [0, (writer) => writer.reference('name')],
    [1, (writer) => writer.uint32(count)],
  ])
  head.string('name', 'TFLITE_METADATA')
  head.table('buffer', 1, [[0, (writer) => writer.reference('data')]])
  const metadata = normalisation()
  head.align(16, 4)
  head.label('data')
  head.uint32(metadata.length)
  head.bytes(metadata)
  head.align(16)
  return head.before(model)
}

/** `ModelMetadata` of metadata_schema.fbs with nothing but the normalisation of the one input. */
function normalisation() {
  const NORMALIZATION_OPTIONS = 1
  const writer = new Writer()
  writer.reference('root')
  writer.bytes(new TextEncoder().encode('M001'))
  // ModelMetadata: subgraph_metadata is field 3, min_parser_version 7.
  writer.table('root', 8, [
    [3, (to) => to.reference('subgraphs')],
    [7, (to) => to.reference('version')],
  ])
  writer.vector('subgraphs', ['subgraph'])
  // SubGraphMetadata: input_tensor_metadata is field 2, output_tensor_metadata 3.
  writer.table('subgraph', 4, [
    [2, (to) => to.reference('inputs')],
    [3, (to) => to.reference('outputs')],
  ])
  writer.vector('inputs', ['input'])
  writer.vector('outputs', ['output'])
  // TensorMetadata: name is field 0, process_units 4.
  writer.table('input', 5, [
    [0, (to) => to.reference('inputName')],
    [4, (to) => to.reference('units')],
  ])
  writer.table('output', 1, [[0, (to) => to.reference('outputName')]])
  writer.vector('units', ['unit'])
  // ProcessUnit: the type of its options is field 0, the options 1.
  writer.table('unit', 2, [
    [1, (to) => to.reference('options')],
    [0, (to) => to.uint8(NORMALIZATION_OPTIONS)],
  ])
  writer.table('options', 2, [
    [0, (to) => to.reference('mean')],
    [1, (to) => to.reference('std')],
  ])
  writer.label('mean')
  writer.uint32(1)
  writer.float32(0)
  writer.label('std')
  writer.uint32(1)
  writer.float32(255)
  writer.string('inputName', 'input')
  writer.string('outputName', 'mask')
  writer.string('version', '1.0.0')
  writer.align(4)
  return writer.before(new Uint8Array(0))
}

/** Writes a FlatBuffer from front to back; what refers to something comes before it. */
class Writer {
  #view = new DataView(new ArrayBuffer(65_536))
  #length = 0
  #labels = new Map()
  #references = []

  align(size, before = 0) {
    while ((this.#length + before) % size !== 0) {
      this.#length += 1
    }
  }

  label(name) {
    this.align(4)
    this.#labels.set(name, this.#length)
  }

  uint8(value) {
    this.#view.setUint8(this.#length, value)
    this.#length += 1
  }

  uint32(value) {
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  float32(value) {
    this.#view.setFloat32(this.#length, value, true)
    this.#length += 4
  }

  bytes(bytes) {
    new Uint8Array(this.#view.buffer).set(bytes, this.#length)
    this.#length += bytes.length
  }

  reference(label) {
    this.#references.push({ at: this.#length, label })
    this.uint32(0)
  }

  /** To a place in the file that comes after what is written here. */
  referenceToOld(position) {
    this.#references.push({ at: this.#length, position })
    this.uint32(0)
  }

  string(name, text) {
    this.label(name)
    this.uint32(text.length)
    this.bytes(new TextEncoder().encode(`${text}\0`))
  }

  vector(name, labels) {
    this.label(name)
    this.uint32(labels.length)
    for (const label of labels) {
      this.reference(label)
    }
  }

  /** A table and, before it, the list of where its fields are. Values of four bytes come first. */
  table(name, fieldCount, fields) {
    this.align(4)
    const vtable = this.#length
    this.#length += 4 + 2 * fieldCount
    this.align(4)
    const table = this.#length
    this.#labels.set(name, table)
    this.#view.setInt32(table, table - vtable, true)
    this.#length += 4
    for (const [field, write] of fields) {
      this.#view.setUint16(vtable + 4 + 2 * field, this.#length - table, true)
      write(this)
    }
    this.#view.setUint16(vtable, 4 + 2 * fieldCount, true)
    this.#view.setUint16(vtable + 2, this.#length - table, true)
  }

  /** All of it, and the old file behind. */
  before(old) {
    for (const { at, label, position } of this.#references) {
      const to = label === undefined ? this.#length + position : this.#labels.get(label)
      if (to === undefined || to <= at) {
        throw new Error(`no place after ${at} for ${label ?? position}`)
      }
      this.#view.setUint32(at, to - at, true)
    }
    const whole = new Uint8Array(this.#length + old.length)
    whole.set(new Uint8Array(this.#view.buffer, 0, this.#length))
    whole.set(old, this.#length)
    return whole
  }
}
