import { optionalSetting, setting, type SettingGroup } from '../../core/setting.ts'
import { kind, list, oneOf, text, url } from '../../core/setting-kinds.ts'
import { withoutPassword } from '../../core/masked-url.ts'

/** A list or a stream, and the app that gets its events. */
export interface RedisKey {
  /** The app's uid; null: POMBO_REDIS_APP. */
  app: string | null
  key: string
}

const uidPattern = /^[a-zA-Z0-9\-_.]{1,256}$/

/** What configures the plain lists and streams; a group of config/keys.ts. */
export const redisKeys = {
  redisSourceUrl: optionalSetting(
    'POMBO_REDIS_URL',
    url(['redis:', 'rediss:'], 'redis://:password@redis.example.com:6379/0'),
    {
      defaultNote: 'none is read',
      description: 'The Redis (6.2 or later) whose lists and streams events are read from.',
      secret: true,
      redact: withoutPassword,
    },
  ),
  redisLists: setting('POMBO_REDIS_LISTS', list(redisKey('orders=queue:orders')), {
    default: '',
    defaultNote: 'none',
    description:
      'Lists to read events from: each element is JSON, {"eventType": …, "payload": …}. The name before "=" is the ' +
      'uid of the app that gets them; it is made where it is missing.',
  }),
  redisListEnd: setting('POMBO_REDIS_LIST_END', oneOf('right', 'left'), {
    default: 'right',
    description:
      'At which end of a list its oldest element is: `right` where producers LPUSH, `left` where they RPUSH.',
  }),
  redisStreams: setting('POMBO_REDIS_STREAMS', list(redisKey('orders=stream:orders')), {
    default: '',
    defaultNote: 'none',
    description:
      'Streams to read events from, by a consumer group: each entry has the fields eventType and payload (JSON). ' +
      'The name before "=" is the uid of the app that gets them.',
  }),
  redisGroup: setting('POMBO_REDIS_GROUP', text('a name', 'pombo'), {
    default: 'pombo',
    description:
      'The consumer group that reads the streams. Where there is none of that name it is made, and begins ' +
      'with the oldest entry.',
  }),
  redisApp: setting('POMBO_REDIS_APP', text("an app's uid", 'shop', uidPattern), {
    default: 'redis',
    description: 'Uid of the app that gets the events of lists and streams that name none.',
  }),
} satisfies SettingGroup

/** What single values cannot show. */
export function redisProblem(given: {
  redisSourceUrl?: string | undefined
  redisLists?: readonly RedisKey[]
  redisStreams?: readonly RedisKey[]
}): string | undefined {
  const { redisSourceUrl, redisLists, redisStreams } = given
  const keys = [...(redisLists ?? []), ...(redisStreams ?? [])].map(({ key }) => key)
  if (keys.length > 0 && redisSourceUrl === undefined)
    return (
      'POMBO_REDIS_LISTS or POMBO_REDIS_STREAMS names what to read, and POMBO_REDIS_URL does not say ' +
      'from which Redis.'
    )
  if (redisSourceUrl !== undefined && redisLists?.length === 0 && redisStreams?.length === 0)
    return (
      'POMBO_REDIS_URL names a Redis, and neither POMBO_REDIS_LISTS nor POMBO_REDIS_STREAMS says what ' +
      'to read from it.'
    )
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined)
    return `The Redis key "${twice}" is named twice in POMBO_REDIS_LISTS and POMBO_REDIS_STREAMS.`
  return undefined
}

function redisKey(example: string) {
  return kind<RedisKey>(
    'a key, or app=key',
    example,
    (given) => {
      const equals = given.indexOf('=')
      if (equals < 0) return { value: { app: null, key: given } }
      const [app, key] = [given.slice(0, equals), given.slice(equals + 1)]
      if (key === '') return { problem: 'it names no key' }
      if (!uidPattern.test(app))
        return { problem: 'the name before "=" may hold only letters, digits, "-", "_" and "."' }
      return { value: { app, key } }
    },
    ({ app, key }) => (app === null ? key : `${app}=${key}`),
  )
}
