// The nodes for n8n, which loads CommonJS, a file a node; what they share is one more. Their types are n8n's, and looked
// at where its packages are installed (scripts/n8n.mjs).
import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'rolldown'

const nodes = join(import.meta.dirname, '../packages/n8n-nodes-pombo')

export async function buildNodes() {
  await rm(join(nodes, 'dist'), { recursive: true, force: true })
  const { n8n } = JSON.parse(await readFile(join(nodes, 'package.json'), 'utf8'))
  const entries = [...n8n.credentials, ...n8n.nodes].map((file) => file.replace(/^dist\/|\.js$/g, ''))
  await build({
    cwd: nodes,
    input: Object.fromEntries(entries.map((entry) => [entry, `${entry}.ts`])),
    platform: 'node',
    external: ['n8n-workflow'],
    output: {
      dir: 'dist',
      format: 'cjs',
      sourcemap: true,
      entryFileNames: '[name].js',
      chunkFileNames: 'shared/[name].js',
    },
  })
  for (const entry of entries.filter((name) => name.startsWith('nodes/')))
    await cp(join(nodes, `${entry}.json`), join(nodes, `dist/${entry}.json`))
  await cp(join(nodes, 'icons'), join(nodes, 'dist/icons'), { recursive: true })
}
