// npm run build: what is published. The server is bundled with what it depends on, because finding and reading 900
// modules was most of its start (2.0 s against 0.6 s on two cores); the SDK and the Baileys package are small and
// stay as they are.
import { spawnSync } from 'node:child_process'
import { cp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import { licensesOf } from './licenses.mjs'

const root = join(import.meta.dirname, '..')
const server = join(root, 'packages/server')
await rm(join(server, 'dist'), { recursive: true, force: true })
const { output } = await build({
  cwd: server,
  input: { main: 'src/main.ts', 'transform-worker': 'src/deliver/transform/transform-worker.ts' },
  platform: 'node',
  // An optional peer, which whoever uses it installs in the version that made the jobs.
  external: ['bullmq'],
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
const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
await writeFile(join(server, 'dist/THIRD-PARTY-LICENSES.txt'), await licensesOf(modules))

// The dashboard's own build, which the server serves from dist/dashboard.
const dashboard = join(root, 'packages/dashboard')
if (existsSync(join(dashboard, 'package.json'))) {
  run('npm', ['run', 'build', '--silent', '--workspace', 'packages/dashboard'])
  await cp(join(dashboard, 'dist'), join(server, 'dist/dashboard'), { recursive: true })
}

for (const name of ['sdk', 'baileys']) {
  await rm(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
  run('tsc', ['-p', `packages/${name}/tsconfig.build.json`])
}

function run(program, args) {
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`
  const env = { ...process.env, PATH: path }
  const { status } = spawnSync(program, args, { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
