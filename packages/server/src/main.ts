#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Stripping the types of 450 files and compiling them is half of a start from source. What was compiled is kept in the
// system's folder for temporary files; where that cannot be written, nothing is lost but the time.
enableCompileCache()
const { runCli } = await import('./cli/cli.ts')

// `pombo sink | head`: who read the output has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const code = await runCli(process.argv.slice(2))
// Not left to the event loop: a request that outlasted the grace of a stop would keep the process. Output that waits is
// written first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
