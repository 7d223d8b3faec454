/**
 * RNNoise 0.2 as the package offers it: C functions over a heap of their own, and the module within
 * the script, because worklets cannot fetch. It brings no types.
 */
declare module '@jitsi/rnnoise-wasm/dist/rnnoise-sync.js' {
  export interface Rnnoise {
    readonly HEAPF32: Float32Array
    _malloc(bytes: number): number
    _free(address: number): void
    _rnnoise_create(model?: number): number
    _rnnoise_destroy(state: number): void
    /** Returns the likelihood of a voice, 0 to 1. */
    _rnnoise_process_frame(state: number, to: number, from: number): number
  }
  export default function create(): Rnnoise
}
