import { once } from 'node:events'
import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { errorCode } from '../core/thrown.ts'

/**
 * Whether a Unix socket can be listened on there. One that a process which died has left behind is taken away, as
 * nothing else would; `look`: only said.
 */
export async function socketProblem(
  path: string,
  how: string,
  look = false,
): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined)
  // Whatever else is wrong there, listening itself says.
  if (found === undefined) return undefined
  if (!found.isSocket())
    return `${path} is there already and is no socket. Choose another path with ${how}.`
  const answer = await knock(path)
  if (answer === 'open')
    return (
      `Another program (perhaps another Pombo) listens on ${path}. Stop that one, or choose another path ` +
      `with ${how}.`
    )
  if (answer !== 'ECONNREFUSED') return `${path} cannot be looked at: ${answer}.`
  if (!look) await unlink(path)
  return undefined
}

async function knock(path: string): Promise<string> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return 'open'
  } catch (error) {
    return errorCode(error) || String(error)
  } finally {
    socket.destroy()
  }
}
