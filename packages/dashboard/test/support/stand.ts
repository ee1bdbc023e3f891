// A Pombo, whole, with a little of everything in it: what works, what fails, what nobody wants.
import { startPombo, type TestPombo } from '../../../server/test/support/pombo-app.ts'
import { type Receiver, startReceiver } from '../../../server/test/support/receiver.ts'

export interface Stand {
  pombo: TestPombo
  receiver: Receiver
  /** Paths below /broken that work again. */
  mended: Set<string>
  /** Asks the API as the operator; anything but a success is thrown. */
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of all shapes
  ask: (method: string, path: string, body?: object) => Promise<any>
  stop: () => Promise<void>
}

/** The receiver answers 503 to what comes at /broken, and 200 to anything else. */
export async function startStand(env: Record<string, string> = {}): Promise<Stand> {
  const mended = new Set<string>()
  const receiver = await startReceiver(({ path }) =>
    path.startsWith('/broken') && !mended.has(path)
      ? { status: 503, body: '<h1>Down for maintenance</h1>' }
      : { body: '{"ok":true}' },
  )
  const pombo = await startPombo(env)
  return {
    pombo,
    receiver,
    mended,
    ask: asker(pombo),
    async stop() {
      await pombo.stop()
      await receiver.close()
    },
  }
}

function asker(pombo: TestPombo): Stand['ask'] {
  return async (method, path, body) => {
    const answer = await pombo.call(method, `/api/v1${path}`, {
      headers: { authorization: `Bearer ${pombo.key}` },
      ...(body && { body }),
    })
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.body
  }
}
