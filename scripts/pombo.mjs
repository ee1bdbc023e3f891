// `npm run pombo`, `npm start`, `npm run demo`: Pombo from its source. In JavaScript, so that a start of which all is in the
// compile cache does without Node's type stripper, whose WebAssembly keeps 10 MB of memory.
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import('../packages/server/src/main.ts')
