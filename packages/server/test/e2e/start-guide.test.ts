// The quick start: its commands, run as they stand, in their order, with the real server and the real receiver.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { blocksOf, runCommand } from '../support/guides.ts'
import { until } from '../support/receiver.ts'
import { endAll, pombo } from './cli-process.ts'

/** `NAME=value npx pombo command …`, as a process of its own; `changes` are what two tests at once cannot share. */
function start(block: string, cwd: string, changes: Record<string, string> = {}) {
  const [, variables, line] = /^((?:\w+=\S+ )*)npx pombo (.+)\n$/.exec(block)!
  const env = Object.fromEntries(
    variables!
      .split(' ')
      .filter(Boolean)
      .map((one) => one.split('=')),
  )
  return pombo(
    line!.replace('127.0.0.1:9000', '127.0.0.1:0').split(' '),
    { ...env, ...changes },
    { cwd },
  )
}

test('both languages show the same commands', () => {
  expect(blocksOf('../start.pt-BR.md')).toEqual(blocksOf('../start.md'))
})

test('the quick start does what it says', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'pombo-start-'))
  const database = await createTestDatabase()
  try {
    const [serve, sink, , make, send, attempts, recover, secret] = blocksOf('../start.md')
    const server = start(serve!, cwd, {
      DATABASE_URL: database.url,
      POMBO_LISTEN: '127.0.0.1:0',
    })
    const [, url] = await server.printed(/Pombo listens at (http:\S+)/)
    const [, key] = await server.printed(/API key: (\S+)/)
    const receiver = start(sink!, cwd)
    const [, target] = await receiver.printed(/Receiving at (http:\S+?)\/?\s/)
    const run = async (command: string) =>
      await runCommand(command.replace('http://127.0.0.1:9000', target!), { url: url!, key: key! })

    for (const command of make!.split('\n\n')) await run(command)
    expect(await run(send!)).toMatchObject({ eventType: 'message.received', eventId: 'first' })
    await receiver.printed(/200 .*msg_\w+ .*"text": "Oi!"/)
    await expect(run(send!)).rejects.toThrow('409')
    const succeeded = { data: [{ responseStatusCode: 200, eventType: 'message.received' }] }
    await until(async () => ((await run(attempts!)) as { data: [] }).data.length > 0)
    expect(await run(attempts!)).toMatchObject(succeeded)

    receiver.child.kill('SIGINT')
    await receiver.ended()
    await run(send!.replace('"first"', '"second"'))
    await until(async () => ((await run(attempts!)) as { data: [] }).data.length > 1)
    expect(await run(attempts!)).toMatchObject({ data: [{ statusText: 'fail' }, {}] })
    expect(await run(recover!)).toMatchObject({ task: 'endpoint.recover' })
    expect(await run(secret!)).toMatchObject({ key: expect.stringMatching(/^whsec_/) as unknown })
  } finally {
    await endAll()
    await database.drop()
    await rm(cwd, { recursive: true, force: true })
  }
})
