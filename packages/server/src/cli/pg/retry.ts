import { exitCodes } from '../command.ts'
import { print } from '../output.ts'
import { requireOutbox, sourceCommand } from './source-database.ts'
import { putBack } from './store.ts'

export const pgRetryCommand = sourceCommand({
  name: 'pg retry',
  summary: 'Put refused events back into the outbox',
  about: `Events that Pombo could not take wait in pombo.outbox_refused ("pombo pg status" says why). This puts
them back where they were, so that they are tried once more.`,
  options: {},
  examples: [['pombo pg retry --url postgres://…', 'After the cause was mended']],
  async run(_values, pool, facts) {
    requireOutbox(facts)
    print(`${await putBack(pool)} event(s) are back in the outbox.`)
    return exitCodes.ok
  },
})
