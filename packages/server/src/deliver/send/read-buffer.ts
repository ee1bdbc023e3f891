// What receivers send, read into one buffer. By itself Node makes 64 KiB for each read, cuts it to what came and
// collects it again: 3 % of what an event cost.
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'

type Listener = (bytes: Buffer) => void

const buffer = Buffer.allocUnsafeSlow(64 * 1024)
const listeners = new WeakMap<Socket, { hear: Listener }>()

/** A plain connection that is read by `hearBytes`, and emits no data. */
export function connectIntoBuffer(options: TcpNetConnectOpts, onOpen: () => void): Socket {
  const listener: { hear: Listener } = { hear() {} }
  const callback = (bytes: number): boolean => {
    listener.hear(buffer.subarray(0, bytes))
    return true
  }
  const socket = connect({ ...options, onread: { buffer, callback } }, onOpen)
  listeners.set(socket, listener)
  return socket
}

/** Calls `hear` with what comes; the bytes are gone when it returns. */
export function hearBytes(socket: Socket, hear: Listener): void {
  const listener = listeners.get(socket)
  if (listener) listener.hear = hear
  else socket.on('data', hear)
}
