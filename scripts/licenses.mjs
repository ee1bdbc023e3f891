// The licences of what is bundled: most of them ask that their text goes along with the code.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One text for the packages that these modules (their paths) belong to. A package without a licence is an error. */
export async function licensesOf(modules) {
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined))
  const parts = await Promise.all([...folders].map(licenseOf))
  // By title: a version that lies in two places is named once.
  const titled = new Map(parts.map(({ title, text }) => [title, `${title}\n\n${text.trim()}\n`]))
  const texts = [...titled].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
  return ['Pombo brings these packages within its own code.\n', ...texts].join(`\n${'-'.repeat(80)}\n\n`)
}

function packageFolder(module) {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.[0]
}

async function licenseOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one))
  if (!file && !license) throw new Error(`${name} states no licence`)
  const text = file ? await readFile(join(folder, file), 'utf8') : `Licence: ${license}`
  return { title: `${name} ${version} (${license ?? 'see below'})`, text }
}
