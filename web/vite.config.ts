import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { effects } from './tools/effects.mjs'

const server = process.env.MOOTHALL_DEV_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react(), tailwindcss(), effects()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // Nothing becomes a data: URL, so that the policy can say font-src 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    chunkSizeWarningLimit: 800,
    rollupOptions: { input: ['index.html', 'demo.html'] },
  },
  // An audio worklet is a module; in the other format it would ask for a document.
  worker: { format: 'es' },
  server: {
    proxy: {
      '/page': server,
      '/v1': server,
      '/v2': server,
      '/files': server,
      '/rtc': { target: server, ws: true },
    },
  },
  test: {
    restoreMocks: true,
    unstubGlobals: true,
    testTimeout: 120_000,
    // A document is slow to set up, so only tests that need one get one.
    projects: [
      {
        extends: true,
        test: { name: 'pure', environment: 'node', include: ['src/**/*.test.ts'], exclude: ['src/**/*.dom.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'page',
          environment: 'jsdom',
          include: ['src/**/*.test.tsx', 'src/**/*.dom.test.ts'],
          setupFiles: ['src/testing/setup.ts'],
        },
      },
    ],
  },
})
