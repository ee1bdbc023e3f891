import { command, exitCodes } from '../command.ts'
import { configOption, withConfig } from '../config-loading.ts'
import { requireOutbox, urlOption, withSource } from './source-database.ts'
import { putBack } from './store.ts'

export const pgRetryCommand = command({
  name: 'pg retry',
  summary: 'Put refused events back into the outbox',
  about: `Events that Pombo could not take wait in pombo.outbox_refused ("pombo pg status" says why). This puts them back where they were, so that they are tried
once more.`,
  options: { url: urlOption, config: configOption },
  examples: [['pombo pg retry --url postgres://…', 'After the cause was mended']],
  async run(values) {
    return await withConfig({ file: values.config }, async (config) =>
      withSource(values.url, config, async (pool, facts) => {
        requireOutbox(facts)
        process.stdout.write(`${await putBack(pool)} event(s) are back in the outbox.\n`)
        return exitCodes.ok
      }),
    )
  },
})
