// What is bundled: its licences, most of which ask that their text goes along with the code, and a bill of materials.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A CycloneDX document (ECMA-424) that names these packages. */
export async function materialsOf(modules, { name, version }) {
  const folders = new Set(modules.map(packageFolder).filter((folder) => folder !== undefined))
  const manifests = await Promise.all([...folders].map(manifestOf))
  const components = new Map(manifests.map((one) => [purlOf(one), componentOf('library', one)]))
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: componentOf('application', { name, version, license: 'MIT' }) },
    components: [...components].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, component]) => component),
  }
}

function componentOf(type, { name, version, license }) {
  const purl = purlOf({ name, version })
  // An expression such as `(MIT OR Apache-2.0)` or one id: both are expressions.
  return { type, 'bom-ref': purl, name, version, purl, ...(license && { licenses: [{ expression: license }] }) }
}

function purlOf({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

async function manifestOf(folder) {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
}

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
  const { name, version, license } = await manifestOf(folder)
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one))
  if (!file && !license) throw new Error(`${name} states no licence`)
  const text = file ? await readFile(join(folder, file), 'utf8') : `Licence: ${license}`
  return { title: `${name} ${version} (${license ?? 'see below'})`, text }
}
