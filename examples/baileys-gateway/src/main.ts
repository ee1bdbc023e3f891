/** A WhatsApp gateway in small: one session, its login in PostgreSQL, its events in Pombo. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionState, makeWASocket, type WASocket } from 'baileys'
import pg from 'pg'
// Outside this checkout: '@pombo/baileys'.
import { type Connection, connectBaileys } from '../../../packages/baileys/src/pombo-baileys.ts'
import { openAuthStore } from './auth-state.ts'
import { type Config, readConfig } from './config.ts'
import { qrLines } from './qr-terminal.ts'
import { decideReconnect } from './reconnect.ts'

async function main(config: Config): Promise<void> {
  const pool = new pg.Pool({ connectionString: config.databaseUrl })
  pool.on('error', (error) => console.error('database:', error.message))
  const auth = await openAuthStore(pool, config.session)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

  let connection: Connection | undefined
  for (let attempt = 0; !stop.signal.aborted; attempt++) {
    const sock = makeWASocket({
      auth: auth.state,
      ...(config.whatsappUrl ? { waWebSocketUrl: config.whatsappUrl } : {}),
    })
    // Before anything can happen on the socket, so that Pombo hears all of it, the codes to scan included.
    if (connection) connection.attach(sock)
    else connection = connectPombo(sock, config)
    sock.ev.on('creds.update', () => void auth.saveCreds().catch(fail))

    const code = await ended(sock, stop.signal, () => (attempt = 0))
    if (stop.signal.aborted) break
    const next = decideReconnect(code, attempt, Math.random)
    if (next.action === 'stop') {
      console.error(`The session has ended (${code}): ${next.reason}.`)
      if (next.forget) await auth.forget()
      process.exitCode = 1
      break
    }
    if (next.announce)
      console.log(`Connection lost (${code}), again in ${Math.round(next.afterMs)} ms.`)
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

/** Resolves with the status of the close; the program's own end closes the socket too, so that Pombo hears of it. */
async function ended(
  sock: WASocket,
  stop: AbortSignal,
  onOpen: () => void,
): Promise<number | undefined> {
  let hangUp = (): void => {}
  const status = await new Promise<number | undefined>((resolve) => {
    hangUp = () => {
      void sock.end(undefined)
      setTimeout(resolve, 2_000, undefined)
    }
    stop.addEventListener('abort', hangUp)
    sock.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr !== undefined) console.log(qrLines(qr).join('\n'))
      if (connection === 'open') onOpen()
      if (connection === 'open') console.log('Connected as', sock.user?.id)
      if (connection === 'close') resolve(statusOf(lastDisconnect))
    })
  })
  stop.removeEventListener('abort', hangUp)
  return status
}

function statusOf(last: ConnectionState['lastDisconnect']): number | undefined {
  const error = last?.error as { output?: { statusCode?: number } } | undefined
  return error?.output?.statusCode
}

/** Without its keys saved a session cannot go on: better to end, and to be started again from what is saved. */
function fail(error: Error): void {
  console.error('The login could not be saved:', error.message)
  process.exit(1)
}

await main(readConfig())
// A handshake that was broken off leaves a timer of Baileys', which would hold the process for 20 s.
process.exit()
