// Given to a process by `--import`: writes what it loaded, a line each, when it ends, into the file LOADED_MODULES.
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded: string[] = []
registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
})
// Node's own, the internal ones too; its types do not have it.
const { moduleLoadList } = process as unknown as { moduleLoadList: string[] }
process.on('exit', () =>
  writeFileSync(process.env.LOADED_MODULES!, [...loaded, ...moduleLoadList].join('\n')),
)
