import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { build, defineConfig, type Plugin } from 'vite'
import { referencePage, scalarModule } from './reference/build.ts'

/** What embeds the portal in any page: one script that may be loaded as it is, and twice. */
function portalScript(): Plugin {
  return {
    name: 'portal-script',
    apply: 'build',
    async writeBundle({ dir }) {
      await build({
        configFile: false,
        logLevel: 'warn',
        publicDir: false,
        build: {
          target: 'es2022',
          outDir: dir ?? 'dist',
          emptyOutDir: false,
          lib: {
            entry: join(import.meta.dirname, '../portal/src/script.ts'),
            formats: ['iife'],
            name: 'pomboPortal',
            fileName: () => 'portal.js',
          },
        },
      })
    },
  }
}

/** Text is compressed once, here: the server sends the `.br` or `.gz` beside a file and compresses nothing itself. */
function compressed(): Plugin {
  let folder: string
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir)
    },
    // What lies there when all else is done: an earlier hook sees code that Vite has yet to finish.
    async closeBundle() {
      for (const name of await readdir(folder, { recursive: true })) {
        if (!/\.(js|css|svg|html)$/.test(name)) continue
        const bytes = await readFile(join(folder, name))
        if (bytes.length < 1_024) continue
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }
        await writeFile(join(folder, `${name}.br`), brotliCompressSync(bytes, quality))
        await writeFile(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }))
        // Every browser takes it packed, and the weight of the package is watched.
        if (bytes.length > 2_000_000) await rm(join(folder, name))
      }
    },
  }
}

/** Which packages went in, for their licences and the bill of materials of what is published (scripts/build.mjs). */
function modulesNamed(): Plugin {
  return {
    name: 'modules-named',
    apply: 'build',
    async writeBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((part) => part.type === 'chunk')
      const modules = [...new Set(chunks.flatMap((chunk) => chunk.moduleIds))]
      await writeFile(
        join(import.meta.dirname, 'bundled-modules.json'),
        JSON.stringify([...modules, scalarModule].filter((id) => id.includes('/node_modules/'))),
      )
    },
  }
}

interface Modules {
  getModuleInfo: (id: string) => { importedIds: readonly string[] } | null
}

let first: Set<string> | undefined

/** What the first script imports, and all that stands in it. */
function isFirst(id: string, modules: Modules): boolean {
  first ??= withAllThatItImports(join(import.meta.dirname, 'src/main.tsx'), modules)
  return first.has(id)
}

function withAllThatItImports(entry: string, modules: Modules): Set<string> {
  const found = new Set([entry])
  for (const id of found)
    for (const one of modules.getModuleInfo(id)?.importedIds ?? []) found.add(one)
  return found
}

// `npm run dev -w packages/dashboard` works on the Pombo that this names.
const pombo = 'http://127.0.0.1:8071'

// A build is for people, whoever asks for it: a test runner's or a shell's NODE_ENV would put React's checks into it.
// oxlint-disable-next-line node/no-process-env -- it is Vite that reads it
if (process.argv.includes('build')) process.env['NODE_ENV'] = 'production'

export default defineConfig({
  plugins: [react(), portalScript(), referencePage(), compressed(), modulesNamed()],
  // Relative, so that Pombo may stand below a path; the page's own addresses begin at the root, as the server changes
  // only those.
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === 'html' ? `/${name}` : { relative: true }),
  },
  build: {
    target: 'es2023',
    // Nothing is inlined: the Content-Security-Policy allows no inline script or style, and data: for images alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          // One file of the first script, and one of what pages share: in files of their own each, a page took 26
          // requests, which a browser makes six at a time. The first rows took 9 round trips, and take 4.
          groups: [
            { name: (id, modules) => (isFirst(id, modules) ? 'first' : null), debugName: 'first' },
            {
              name: (id, modules) => (isFirst(id, modules) ? null : 'shared'),
              debugName: 'shared',
              minShareCount: 2,
              maxModuleSize: 30_000,
            },
          ],
        },
      },
    },
    // The editor of code, which comes only where code is edited.
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': pombo } },
})
