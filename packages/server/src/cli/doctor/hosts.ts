import { databaseAddress } from '../../core/database-url.ts'
import { Hosts } from '../../db/hosts.ts'
import type { Queryable } from '../../db/pool.ts'
import { fail, type Finding, finding, ok, warn } from './finding.ts'
import { replicationFacts } from './store.ts'

type Standby = Awaited<ReturnType<typeof replicationFacts>>['standbys'][number]

/** One line a server of a `DATABASE_URL` that names several; what it says of itself. */
export async function hostFindings(url: string): Promise<Finding[]> {
  const address = databaseAddress(url)
  if (address.urls.length < 2) return []
  const answers = await new Hosts(address).ask()
  const timelines = answers.flatMap((answer) =>
    'facts' in answer && !answer.facts.standby && !answer.facts.readOnly
      ? [answer.facts.timeline]
      : [],
  )
  const newest = Math.max(...timelines.map((timeline) => timeline ?? 0))
  return answers.map((answer, index): Finding => {
    const host = address.hosts[index]!
    if ('problem' in answer)
      return warn(
        'database host',
        `${host} ${answer.problem}`,
        'Pombo works without it, and cannot fail over to it. Mend it, or take it out of DATABASE_URL.',
      )
    const { standby, readOnly, timeline } = answer.facts
    if (standby) return ok('database host', `${host} is a standby`)
    if (readOnly)
      return warn(
        'database host',
        `${host} is a primary that is read-only`,
        'Remove default_transaction_read_only from it, or make it a standby.',
      )
    if (timelines.length > 1 && (timeline ?? 0) < newest)
      return fail(
        'database host',
        `${host} takes writes on timeline ${timeline}, and another host on timeline ${newest}`,
        'It is an old primary: stop it, and make it a standby of the new one (pg_rewind, or a new pg_basebackup).',
      )
    return ok(
      'database host',
      `${host} takes writes${timeline === null ? '' : `, on timeline ${timeline}`}`,
    )
  })
}

/** Whether what is answered 2xx survives the primary, where there are several servers. */
export async function replicationFinding(db: Queryable): Promise<Finding> {
  const { names, commit, standbys } = await replicationFacts(db)
  const shown =
    standbys.length === 0 ? 'no standby is connected' : standbys.map(showStandby).join(', ')
  if (names === '')
    return finding('warn', 'replication', 'replication_none_asked', { standbys: shown })
  if (commit === 'local' || commit === 'off')
    return finding('warn', 'replication', 'replication_no_wait', { standbys: shown, commit })
  if (standbys.length === 0) return finding('warn', 'replication', 'replication_waits', { names })
  return finding('ok', 'replication', 'replication', { standbys: shown })
}

function showStandby({ name, state, behindBytes }: Standby): string {
  if (state === null) return `${name} (more is not told to this role)`
  const behind = behindBytes === null ? '' : `, ${Math.ceil(behindBytes / 1024)} KB of log behind`
  return `${name} (${state}${behind})`
}
