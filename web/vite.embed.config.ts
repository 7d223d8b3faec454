// The script of embedding pages: one file without imports, served as /embed.js and published as
// @moothall/embed.
import { defineConfig } from 'vite'

export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    emptyOutDir: false,
    lib: { entry: 'src/embed/index.ts', formats: ['es'], fileName: () => 'embed.js' },
  },
})
