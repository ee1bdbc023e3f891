import { databaseUrlKind } from '../core/database-url.ts'
import { withoutPassword } from '../core/masked-url.ts'
import { optionalSetting, setting, type SettingGroup } from '../core/setting.ts'
import { duration, integer } from '../core/setting-kinds.ts'

/** A standby that lists and statistics are read from; part of the group of storage. */
export const replicaKeys = {
  readDatabaseUrl: optionalSetting('POMBO_READ_DATABASE_URL', databaseUrlKind({ writes: false }), {
    defaultNote: 'they are read from the primary',
    description:
      'A standby of the database that lists of what is kept, statistics, the overview and searches are read from. ' +
      'Several hosts are separated by commas; `target_session_attrs=prefer-standby` takes a standby where there is ' +
      'one. Where it is away or too far behind, the primary is read.',
    secret: true,
    redact: (value) => withoutPassword(value, { query: true }),
  }),
  readMaxLagMs: setting(
    'POMBO_READ_MAX_LAG_MS',
    duration(1_000, 3_600_000, { bareUnit: 'ms', example: '10s' }),
    {
      default: '10s',
      description: 'How far behind POMBO_READ_DATABASE_URL may be; beyond it, the primary is read.',
    },
  ),
  readConnections: setting('POMBO_READ_CONNECTIONS', integer(1, 500, '', '10'), {
    default: '10',
    description: 'Most connections that each process opens to POMBO_READ_DATABASE_URL.',
  }),
} satisfies SettingGroup
