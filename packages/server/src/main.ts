#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Stripping the types of 450 files and compiling them is half of a start from source. What was compiled is kept in the
// system's folder for temporary files; where that cannot be written, nothing is lost but the time.
enableCompileCache()
const { runCli } = await import('./cli/cli.ts')

// Who read the output has had enough (`pombo sink | head`), or the terminal is gone: what waits for a signal to end
// ends as if it had come, once.
let code = 0
let closed = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
  if (process.listenerCount('SIGTERM') === 0) process.exit(code)
  if (!closed) process.emit('SIGTERM', 'SIGTERM')
  closed = true
})
// Words for a person who is not there any more must not end a server.
process.stderr.on('error', () => {})

code = await runCli(process.argv.slice(2))
// Not left to the event loop: a request that outlasted the grace of a stop would keep the process. Output that waits is
// written first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
