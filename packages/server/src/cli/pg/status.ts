import { showDuration } from '../../core/setting-kinds.ts'
import { exitCodes, flag } from '../command.ts'
import { printJson } from '../output.ts'
import { shown } from './mapping.ts'
import { requireOutbox, sourceCommand } from './source-database.ts'
import type { DatabaseFacts } from './catalog/store.ts'
import { installedTriggers, missingPermissions, type OutboxCounts, outboxCounts } from './store.ts'
import { readTrigger, type TriggerFacts } from './trigger.ts'

interface Status {
  database: string
  user: string
  wake: 'notify' | 'poll'
  triggers: ({ table: string; trigger: string } & TriggerFacts)[]
  /** Absent where this role may not look. */
  outbox: OutboxCounts | null
  /** What this role lacks to read the outbox as Pombo. */
  missing: string[]
}

export const pgStatusCommand = sourceCommand({
  name: 'pg status',
  summary: 'Show the triggers, what waits in the outbox, and what is wrong',
  about: `Shows which changes become events, how many events wait and since when, what Pombo could not take and why,
and whether the role that it is called with may read the outbox.`,
  options: { json: flag('As JSON') },
  examples: [['pombo pg status --url postgres://…', 'The outbox of that database']],
  exits: '0 nothing is wrong, 1 something is (it says what), 2 wrong options or configuration',
  async run(values, pool, facts) {
    requireOutbox(facts)
    const missing = await missingPermissions(pool)
    const mayLook = !missing.some((what) => /^(usage|select)/.test(what))
    const status: Status = {
      database: facts.database,
      user: facts.user,
      wake: facts.notifies === false ? 'poll' : 'notify',
      triggers: (await installedTriggers(pool)).map((one) => ({
        table: shown(one),
        trigger: one.trigger,
        ...readTrigger(one),
      })),
      outbox: mayLook ? await outboxCounts(pool) : null,
      missing,
    }
    const wrong = troubles(status)
    if (values.json) printJson({ ...status, troubles: wrong })
    else process.stdout.write(page(status, facts, wrong))
    return wrong.length === 0 ? exitCodes.ok : exitCodes.failed
  },
})

/** Longer than this, nobody is reading. */
const lateSeconds = 60

function troubles({ triggers, outbox, missing, user }: Status): string[] {
  const found = triggers.flatMap(({ table, trigger, lost, enabled }) => [
    ...(lost.length > 0
      ? [`${table} no longer has ${lost.join(', ')}, which ${trigger} names: install it again.`]
      : []),
    ...(enabled ? [] : [`${trigger} on ${table} is switched off: nothing is captured.`]),
  ])
  for (const what of missing) found.push(`${user} lacks ${what}.`)
  if (outbox && outbox.waiting > 0 && (outbox.oldestSeconds ?? 0) > lateSeconds)
    found.push('No Pombo takes the events: does one run, with this database in POMBO_OUTBOX_URLS?')
  if (outbox && outbox.refused > 0)
    found.push(
      `${outbox.refused} event(s) were refused and wait in pombo.outbox_refused; mend the ` +
        'cause, then "pombo pg retry".',
    )
  return found
}

function page(status: Status, { version }: DatabaseFacts, wrong: readonly string[]): string {
  const { database, user, wake, triggers, outbox } = status
  const lines = [
    `Outbox in ${database} (PostgreSQL ${version}), seen as ${user}`,
    '  wakes Pombo: ' +
      `${wake === 'notify' ? 'by NOTIFY at each commit, and every second' : 'no; Pombo looks every second'}`,
  ]
  for (const { table, operation, event, columns, key, when, onError } of triggers) {
    lines.push(`  ${operation} on ${table} is ${event}`)
    lines.push(
      `    columns ${columns.join(', ')}; order by ${key ?? 'nothing'}; on error ${onError}`,
    )
    if (when !== null) lines.push(`    when ${when}`)
  }
  if (triggers.length === 0) lines.push('  no triggers: only pombo.emit puts events in')
  if (outbox) {
    const age =
      outbox.oldestSeconds === null
        ? ''
        : `, the oldest for ${showDuration(Math.max(0, Math.round(outbox.oldestSeconds)) * 1_000)}`
    lines.push(`  waiting: ${outbox.waiting}${age}`)
    if (outbox.lastError !== null) lines.push(`    trying again after: ${outbox.lastError}`)
    lines.push(`  refused: ${outbox.refused}`)
    const { lastRefusal } = outbox
    if (lastRefusal)
      lines.push(
        `    last: ${lastRefusal.event} (row ${lastRefusal.id}) at ` +
          `${lastRefusal.at.toISOString()}: ${lastRefusal.error}`,
      )
  }
  for (const trouble of wrong) lines.push(`  ! ${trouble}`)
  return `${lines.join('\n')}\n`
}
