export function withMetadata(model: Uint8Array): Uint8Array
