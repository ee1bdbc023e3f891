// npm writes only those platform packages into package-lock.json that it could see while resolving
// (npm/cli#4828; a partial registry mirror has the same effect), and `npm ci` then refuses the file.
// This adds the optional platform packages that their parents name exactly and the lock lacks, with the
// os, cpu and libc that their names state, so that npm skips them elsewhere and fetches them where they fit.
// Run it after every `npm install`: node scripts/complete-lockfile.mjs
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const cpus = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32']

/** os, cpu and libc as a platform package's name states them; undefined where it states no platform. */
function platform(name) {
  const words = name.replace('windows', 'win32').split(/[/-]/).flatMap((word) => {
    if (word === 'ppc64le') return ['ppc64']
    if (word === 'armv7') return ['arm']
    return [word]
  })
  const os = systems.find((system) => words.includes(system))
  const cpu = cpus.find((one) => words.includes(one))
  if (!os && cpu !== 'wasm32') return undefined
  const libc = words.includes('musl') || words.includes('musleabihf') ? 'musl' : words.includes('gnu') || words.includes('gnueabihf') ? 'glibc' : undefined
  return { ...(cpu && { cpu: [cpu] }), ...(libc && { libc: [libc] }), ...(os && { os: [os] }) }
}

let added = 0
for (const parent of Object.values(lock.packages)) {
  for (const [name, range] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`
    const where = platform(name)
    if (lock.packages[path] || !where) continue
    lock.packages[path] = { version: range.replace(/^[\^~]/, ''), ...where, ...(parent.dev && { dev: true }), optional: true }
    added += 1
  }
}
const [root, ...rest] = Object.entries(lock.packages)
rest.sort(([a], [b]) => (a < b ? -1 : 1))
lock.packages = Object.fromEntries([root, ...rest])
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`package-lock.json: ${added} platform packages added`)
