import { Declined } from '../../destinations/contract/declined.ts'
import type { Tools } from '../../destinations/contract/kind.ts'
import { connect, translated } from '../../destinations/redis/connect.ts'
import type { RedisSource } from './broker-settings.ts'
import { say } from '../../core/sentences/sentences.ts'

export async function verify(settings: RedisSource, tools: Tools): Promise<void> {
  const { stream, list, group = 'pombo', deadLetter } = settings
  const kind = stream === undefined ? 'list' : 'stream'
  const key = (stream ?? list)!
  const { redis, cause } = await connect(settings, tools)
  try {
    const found = await redis.type(key)
    // A list that is empty is not there.
    if (found === 'none' && kind === 'stream')
      throw new Declined('missing', say('stream_missing_own_group', { key, group: group ?? '' }), {
        field: 'stream',
      })
    if (found !== 'none' && found !== kind) throw notA(key, found, kind, kind)
    const aside = deadLetter ?? `${key}:pombo:refused`
    const asideIs = await redis.type(aside)
    if (asideIs !== 'none' && asideIs !== kind) throw notA(aside, asideIs, kind, 'deadLetter')
    // What readers live by: scripts, and of a stream the group.
    await redis.eval("return redis.call('TIME')", 0)
    if (stream !== undefined)
      await redis.xgroup('CREATE', stream, group, 0).catch((error: Error) => {
        if (!error.message.startsWith('BUSYGROUP')) throw error
      })
  } catch (error) {
    throw translated(cause() ?? error)
  } finally {
    redis.disconnect()
  }
}

function notA(key: string, found: string, wanted: string, field: string): Declined {
  return new Declined('missing', say('key_of_other_kind', { key, found, wanted }), { field })
}
