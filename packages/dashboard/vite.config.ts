import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Text is compressed once, here: the server sends the `.br` or `.gz` beside a file and compresses nothing itself. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    // What lies there when all else is done: an earlier hook sees code that Vite has yet to finish.
    async closeBundle() {
      const folder = join(import.meta.dirname, 'dist')
      for (const name of await readdir(folder, { recursive: true })) {
        if (!/\.(js|css|svg|html)$/.test(name)) continue
        const bytes = await readFile(join(folder, name))
        if (bytes.length < 1_024) continue
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }
        await writeFile(join(folder, `${name}.br`), brotliCompressSync(bytes, quality))
        await writeFile(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }))
      }
    },
  }
}

// `npm run dev -w packages/dashboard` works on the Pombo that this names.
const pombo = 'http://127.0.0.1:8071'

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    target: 'es2023',
    // Nothing is inlined: the Content-Security-Policy allows no inline script or style, and data: for images alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The editor of code, which comes only where code is edited.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': pombo } },
})
