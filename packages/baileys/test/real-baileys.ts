// Baileys' own emitter and socket, told to be quiet.
import { makeEventBuffer, type WASocket } from 'baileys'

type Logger = Parameters<typeof makeEventBuffer>[0]
export type RealEvents = ReturnType<typeof makeEventBuffer>

export const quiet: Logger = {
  level: 'silent',
  child: () => quiet,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
}

export const me = {
  id: '5511988880000:12@s.whatsapp.net',
  lid: '998877665544332:12@lid',
  name: 'Loja',
}

/** A socket as the forwarder sees it: Baileys' real emitter, with an account. */
export function realEmitter(): Pick<WASocket, 'user'> & { ev: RealEvents } {
  return { ev: makeEventBuffer(quiet), user: me }
}
