import type { ConnectionState, WASocket } from 'baileys'
import { qrLines } from './qr-terminal.ts'

export interface Close {
  code?: number | undefined
  message?: string | undefined
}

/**
 * Tells of a socket's life until it is closed: codes to scan, and when it is open.
 * @returns why it was closed; nothing when `stop` ended it, which closes the socket, so that Pombo hears of it too
 */
export async function ended(
  sock: Pick<WASocket, 'ev' | 'end' | 'user'>,
  stop: AbortSignal,
  { onOpen, print }: { onOpen: () => void; print: (text: string) => void },
): Promise<Close> {
  let hangUp = (): void => {}
  const close = await new Promise<Close>((resolve) => {
    hangUp = () => {
      void sock.end(undefined)
      setTimeout(resolve, 2_000, {})
    }
    stop.addEventListener('abort', hangUp)
    sock.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr !== undefined)
        print(`${qrLines(qr).join('\n')}\nScan it: WhatsApp, Linked devices, Link a device.`)
      if (connection === 'open') onOpen()
      if (connection === 'open') print(`Connected as ${sock.user?.id}`)
      if (connection === 'close') resolve(closeOf(lastDisconnect))
    })
  })
  stop.removeEventListener('abort', hangUp)
  return close
}

function closeOf(last: ConnectionState['lastDisconnect']): Close {
  const error = last?.error as (Error & { output?: { statusCode?: number } }) | undefined
  return { code: error?.output?.statusCode, message: error?.message }
}
