export const PROCESSOR_NAME = 'moothall-noise'
