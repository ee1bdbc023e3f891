// `npm run pombo`, `npm start`, `npm run demo`: Pombo as it is published, bundled anew where its source has changed. In
// JavaScript, and without Node's type stripper, whose WebAssembly keeps 10 MB of memory.
import { enableCompileCache } from 'node:module'
import { bundledPombo, inUse } from './bundled.mjs'

enableCompileCache()
// npm hands on SIGINT and SIGTERM only: ended by another signal, it would leave behind what it has started.
if (process.env.npm_lifecycle_event !== undefined && process.env.NODE_UNIQUE_ID === undefined) {
  const { ppid } = process
  const watching = setInterval(() => {
    if (process.ppid === ppid) return
    clearInterval(watching)
    process.kill(process.pid, 'SIGTERM')
  }, 250).unref()
}
await import(mainOfPombo())

function mainOfPombo() {
  try {
    const bundled = bundledPombo(() => console.error('Bundling the server (once, a second or two) …'))
    // It loads some of its files when they are needed, so it must not be taken for an old one while it runs.
    setInterval(inUse, 3_600_000, bundled).unref()
    return bundled.main
  } catch (error) {
    const [why] = /^\w*Error\b.*$/m.exec(error.message) ?? [error.message]
    console.error(`The server could not be bundled, so it runs from its source. ${why}`)
    return '../packages/server/src/main.ts'
  }
}
