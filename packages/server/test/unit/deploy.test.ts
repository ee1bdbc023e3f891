// The files of deploy/ against the Pombo that they start: a variable, a path or a mounted file that does not exist is
// found here, and not by whoever deploys it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { secretFileVariables } from '../../src/config/secret-files.ts'
import { allSettings, loadConfig } from '../../src/config/config.ts'

const root = join(import.meta.dirname, '../../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(root.length + 1))

const deployed = ['Dockerfile', 'compose.yaml', ...filesIn('deploy')]

test('every variable that a file of deployment names is one of Pombo', () => {
  const settings = allSettings().map(({ setting }) => setting)
  const known = new Set([
    ...settings.map(({ variable }) => variable),
    ...secretFileVariables(settings),
    'POMBO_CONFIG',
    // Coolify's own.
    'POMBO_8071',
  ])
  const unknown = deployed.flatMap((path) =>
    [...read(path).matchAll(/\bPOMBO_[A-Z0-9_]+|\bDATABASE_URL(_FILE)?\b/g)]
      .map(([name]) => name)
      .filter((name) => !known.has(name))
      .map((name) => `${path}: ${name}`),
  )
  expect(unknown).toEqual([])
})

test('what Docker sets is a configuration that Pombo takes', () => {
  const [, block] = /^ENV ((?:.*\\\n)*.*)$/m.exec(read('Dockerfile'))!
  const env = Object.fromEntries(
    block!
      .split(/\\?\s+/)
      .filter((part) => part !== '')
      .map((part) => part.split('=', 2) as [string, string]),
  )
  expect(loadConfig({ env })).toMatchObject({ ok: true, config: { production: true } })
})

test('probes ask for paths that Pombo serves', () => {
  const served = /['"](\/livez|\/readyz|\/metrics)['"]/g
  const routes = read('packages/server/src/api/health/routes.ts').matchAll(served)
  const known = new Set([...routes].map(([, path]) => path))
  for (const path of deployed) {
    const named = read(path).match(/\/(livez|readyz|healthz?|metrics)\b(?!\.)/g) ?? []
    for (const one of named) expect(known, `${path}: ${one}`).toContain(one)
  }
})

test('the server is published without dependencies: what it needs is bundled, and stands with devDependencies', () => {
  const manifest = JSON.parse(read('packages/server/package.json')) as Record<string, object>
  expect(manifest['dependencies']).toBeUndefined()
})

interface Compose {
  services: Record<string, { volumes?: string[]; depends_on?: object | string[] }>
  volumes: Record<string, unknown>
}

describe.each(['compose.yaml', 'deploy/coolify/compose.yaml'])('%s', (path) => {
  const { services, volumes } = parse(read(path)) as Compose

  test('every volume is declared, and every mounted file of the repository is there', () => {
    const mounts = Object.values(services).flatMap((service) => service.volumes ?? [])
    for (const mount of mounts) {
      const [from] = mount.split(':')
      if (from!.startsWith('.')) expect(existsSync(join(root, from!)), mount).toBe(true)
      else expect(Object.keys(volumes)).toContain(from)
    }
    const mounted = new Set(mounts.map((mount) => mount.split(':')[0]))
    expect(Object.keys(volumes).filter((name) => !mounted.has(name))).toEqual([])
  })

  test('a service waits for services that exist', () => {
    for (const { depends_on: before = [] } of Object.values(services)) {
      const names = Array.isArray(before) ? before : Object.keys(before)
      for (const name of names) expect(Object.keys(services)).toContain(name)
    }
  })
})

describe('the Helm chart', () => {
  const templates = filesIn('deploy/helm/pombo/templates')
  const values = parse(read('deploy/helm/pombo/values.yaml')) as Record<string, unknown>

  test('templates use values that there are, and every value is used', () => {
    const used = new Set<string>()
    for (const path of templates)
      for (const [, name] of read(path).matchAll(/\.Values\.([\w.]+)/g)) {
        used.add(name!.split('.')[0]!)
        const value = name!
          .split('.')
          .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], values)
        expect(value, `${path}: .Values.${name}`).toBeDefined()
      }
    expect([...used].toSorted()).toEqual(Object.keys(values).toSorted())
  })

  test('templates include what is defined, and every block ends', () => {
    const all = templates.map(read).join('\n')
    const defined = new Set([...all.matchAll(/define "([\w.]+)"/g)].map(([, name]) => name))
    for (const [, name] of all.matchAll(/include "([\w.]+)"/g)) expect(defined).toContain(name)
    for (const path of templates) {
      const text = read(path)
      const opened = text.match(/\{\{-?\s*(if|with|range|define)\b/g)?.length ?? 0
      expect(text.match(/\{\{-?\s*end\b/g)?.length ?? 0, path).toBe(opened)
    }
  })

  test('its version is the version of the server', () => {
    const { version } = JSON.parse(read('packages/server/package.json')) as { version: string }
    expect(parse(read('deploy/helm/pombo/Chart.yaml'))).toMatchObject({ appVersion: version })
  })
})

test('every other file of deployment in YAML or JSON can be read', () => {
  const plain = deployed.filter((path) => !path.includes('/templates/'))
  for (const path of plain)
    if (/\.(ya?ml|json)$/.test(path)) expect(() => parse(read(path))).not.toThrow()
})
