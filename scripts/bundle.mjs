// The server with what it depends on as one bundle. `npm run build` makes the one that is published; tests and `npm run
// chaos` start one of their own (packages/server/test/support/bundled.ts): node scripts/bundle.mjs FOLDER
import { cp, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { build } from 'rolldown'

const root = join(import.meta.dirname, '..')
const server = join(root, 'packages/server')

/** Into a folder as deep as `dist`, beside a package.json. @param more entries beside those that are published */
export async function bundleServer(folder, { more = {}, sourcemap = false } = {}) {
  const { output } = await build({
    cwd: server,
    input: { main: 'src/main.ts', 'transform-worker': 'src/deliver/transform/transform-worker.ts', ...more },
    platform: 'node',
    // Optional peers, which whoever uses them installs: the queue library in the version that made the jobs, and the
    // clients of brokers.
    external: ['bullmq', 'amqplib', 'mqtt', '@nats-io/transport-node', '@nats-io/jetstream'],
    // Node keeps a source of over 1 MB with one character outside ASCII in two bytes each: 6 MB instead of 3.
    plugins: [{ name: 'ascii', generateBundle: (_options, bundle) => Object.values(bundle).forEach(toAscii) }],
    output: {
      dir: folder,
      format: 'esm',
      sourcemap,
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
    },
  })
  await cp(join(server, 'src/db/migrations'), join(folder, 'migrations'), {
    recursive: true,
    filter: (file) => !file.endsWith('.ts'),
  })
  return output
}

function toAscii(chunk) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  if (chunk.type === 'chunk') chunk.code = chunk.code.replace(/[^\0-\x7f]/g, escaped)
}

if (import.meta.main) {
  const folder = resolve(process.argv[2])
  const dist = join(folder, 'dist')
  await bundleServer(dist, { more: { 'bench-pombo': 'bench/parts/pombo.ts' } })
  await cp(join(server, 'package.json'), join(folder, 'package.json'))
  // As from source: the dashboard that was built last, if any was.
  await symlink(join(root, 'packages/dashboard/dist'), join(dist, 'dashboard'))
}
