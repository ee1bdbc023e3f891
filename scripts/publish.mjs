// What the release workflow does last: publishes the built packages, with provenance. `--dry-run` says what it would.
// TAG is the version it is for, REPOSITORY the address of this repository: npm compares it with where the workflow ran.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dryRun = process.argv.includes('--dry-run')
const { TAG: tag, REPOSITORY: repository } = process.env
if (!tag || !repository) stop('set TAG (v1.2.3) and REPOSITORY (https://…)')

// The server last: who sees its new version finds the SDK that belongs to it.
for (const name of ['sdk', 'baileys', 'portal', 'n8n-nodes-pombo', 'server']) {
  const directory = `packages/${name}`
  const file = join(root, directory, 'package.json')
  const text = await readFile(file, 'utf8')
  const manifest = JSON.parse(text)
  if (`v${manifest.version}` !== tag)
    stop(`${manifest.name} is ${manifest.version} and the tag is ${tag}: "npm run release:version", commit, tag again`)
  if (!existsSync(join(root, directory, 'dist'))) stop(`${directory} is not built: npm run build`)
  const url = `git+${repository}.git`
  // In the published file alone: a copy of this repository elsewhere publishes under its own address.
  await writeFile(file, JSON.stringify({ ...manifest, repository: { type: 'git', url, directory } }, null, 2))
  const { status } = spawnSync(
    'npm',
    ['publish', '--workspace', directory, ...(dryRun ? ['--dry-run'] : ['--provenance', '--access=public'])],
    { cwd: root, stdio: 'inherit' },
  )
  await writeFile(file, text)
  if (status !== 0) stop(`${manifest.name} was not published`)
}

function stop(problem) {
  console.error(problem)
  process.exit(1)
}
