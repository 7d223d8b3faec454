declare module 'virtual:effects' {
  /** Where the parts of background effects are served; null in a build without the model. */
  export const effects: { loader: string; wasm: string; model: string } | null
}

/** Where the browser asks for trusted types (W3C Trusted Types); TypeScript does not know them. */
declare var trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: { createScriptURL: (address: string) => string },
      ): { createScriptURL(address: string): object }
    }
  | undefined
