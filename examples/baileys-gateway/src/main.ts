/** A WhatsApp gateway in small: one session, its login in PostgreSQL, its events in Pombo. */
import { setTimeout as sleep } from 'node:timers/promises'
import { makeWASocket, type WASocket } from 'baileys'
import pg from 'pg'
// Outside this checkout: '@pombo/baileys'.
import { type Connection, connectBaileys } from '../../../packages/baileys/src/pombo-baileys.ts'
import { openAuthStore } from './auth-state.ts'
import { type Config, readConfig } from './config.ts'
import { ended } from './ended.ts'
import { quiet } from './quiet.ts'
import { decideReconnect, explain } from './reconnect.ts'

async function main(config: Config): Promise<void> {
  const pool = new pg.Pool({ connectionString: config.databaseUrl })
  pool.on('error', (error) => console.error('database:', error.message))
  const auth = await openAuthStore(pool, config.session).catch((error: Error) => {
    throw new Error(
      `The database of DATABASE_URL cannot be used: ${error.message || String(error)}`,
    )
  })
  const { registered, me } = auth.state.creds
  const login = registered || me ? 'logging in' : 'not paired yet, a code to scan follows'
  console.log(`Session "${config.session}": ${login}. Events go to ${config.pomboUrl}.`)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

  let connection: Connection | undefined
  for (let attempt = 0; !stop.signal.aborted; attempt++) {
    const sock = makeWASocket({
      auth: auth.state,
      ...(config.verbose ? {} : { logger: quiet }),
      ...(config.whatsappUrl ? { waWebSocketUrl: config.whatsappUrl } : {}),
    })
    // Before anything can happen on the socket, so that Pombo hears all of it, the codes to scan included.
    if (connection) connection.attach(sock)
    else connection = connectPombo(sock, config)
    sock.ev.on('creds.update', () => void auth.saveCreds().catch(fail))

    const { code, message } = await ended(sock, stop.signal, {
      onOpen: () => (attempt = 0),
      print: console.log,
    })
    if (stop.signal.aborted) break
    const next = decideReconnect(code, attempt, Math.random)
    if (next.action === 'stop') {
      console.error(`The session has ended (${code}): ${next.reason}.`)
      if (next.forget) console.error('Start again to pair it anew.')
      if (next.forget) await auth.forget()
      process.exitCode = 1
      break
    }
    if (next.announce)
      console.log(
        `No connection to WhatsApp (${explain(code, message)}). Again in ${(next.afterMs / 1_000).toFixed(1)} s.`,
      )
    await sleep(next.afterMs, undefined, { signal: stop.signal }).catch(() => {})
  }

  const stats = await connection?.close()
  await auth.settled()
  await pool.end()
  console.log('Pombo:', JSON.stringify(stats))
}

function connectPombo(sock: WASocket, config: Config): Connection {
  return connectBaileys(sock, {
    pombo: { url: config.pomboUrl, token: config.pomboToken },
    session: config.session,
    buffer: { directory: config.bufferDir },
    onState: (state, detail) => console.log('Pombo:', state, detail ?? ''),
    onDropped: ({ reason, events, detail }) =>
      console.error(`Pombo: ${events} events lost (${reason}): ${detail}`),
  })
}

/** Without its keys saved a session cannot go on: better to end, and to be started again from what is saved. */
function fail(error: Error): void {
  console.error('The login could not be saved:', error.message)
  process.exit(1)
}

try {
  await main(readConfig())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
// A handshake that was broken off leaves a timer of Baileys', which would hold the process for 20 s.
process.exit()
