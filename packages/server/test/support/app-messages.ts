// Messages of one app through the API: sent, and waited for until their deliveries are over.
import { readId } from '../../src/core/id.ts'
import type { TestApi } from './api-server.ts'
import { until } from './receiver.ts'

/** `appIdOf`: asked at each message, for a test makes its app anew. */
export function messagesOf(apiOf: () => TestApi, appIdOf: () => string) {
  return {
    send: async (body: object | string, headers: Record<string, string> = {}, query = '') =>
      await apiOf().call('POST', `/api/v1/app/${appIdOf()}/msg${query}`, {
        ...(typeof body === 'string' ? { text: body } : { body }),
        headers,
      }),
    /** Until so many deliveries of the message have ended. */
    finished: async (msgId: string, count = 1) =>
      await until(async () => {
        const { rows } = await apiOf().database.pool.query(
          'select 1 from history where message_id = $1 and state is not null',
          [readId('message', msgId)],
        )
        return rows.length >= count
      }),
  }
}
