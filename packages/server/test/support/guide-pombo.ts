// What the tests of guides start, and the end of it all.
import { startPombo, type TestPombo } from './pombo-app.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const stops: (() => unknown)[] = []

/** For `afterEach`: ends what was started, the last first. */
export async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).toReversed()) await stop()
}

export function atTheEnd(stop: () => unknown): void {
  stops.push(stop)
}

export async function started(env: Record<string, string> = {}): Promise<TestPombo> {
  const pombo = await startPombo(env)
  stops.push(() => pombo.stop())
  return pombo
}

export async function receiver(answer?: Receiver['answer']): Promise<Receiver> {
  const one = await startReceiver(answer)
  stops.push(() => one.close())
  return one
}

/** An answer of Pombo's API; throws where it is an error. */
export async function api(pombo: TestPombo, method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${pombo.key}` }
  const answer = await pombo.call(method, `/api/v1${path}`, { headers, ...(body && { body }) })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`)
  return answer.body
}
