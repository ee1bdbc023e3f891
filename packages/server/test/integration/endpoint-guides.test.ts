// The guides of endpoints and of access: their commands, run as they stand, against a Pombo.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { blocksOf, runCommand } from '../support/guides.ts'
import { startPombo } from '../support/pombo-app.ts'
import { until } from '../support/receiver.ts'

const missing = ['curl', 'jq', 'openssl', 'bash'].filter(
  (tool) => spawnSync('which', [tool]).status !== 0,
)

test.each(['endpoints', 'access'])('%s: both languages show the same commands', (name) => {
  const bare = (page: string) => blocksOf(page).map((block) => block.replaceAll(/ +# .*$/gm, ''))
  expect(bare(`${name}.pt-BR.md`)).toEqual(bare(`${name}.md`))
})

test.skipIf(missing.length > 0)('the guide of endpoints does what it says', async () => {
  const pombo = await startPombo()
  const cwd = mkdtempSync(join(tmpdir(), 'pombo-guide-'))
  try {
    const [prelude, ...blocks] = blocksOf('endpoints.md')
    const [, given] = /^KEY=…; API=\S+\n(.*)$/s.exec(prelude!)!
    const strict = given!.replace('curl -s', 'curl -sS --fail-with-body')
    const headers = { authorization: `Bearer ${pombo.key}` }
    const tenants = await pombo.call('GET', '/api/v1/tenant', { headers })
    const run = async (block: string) => {
      const { stdout } = await promisify(execFile)(
        'bash',
        ['-euo', 'pipefail', '-c', strict + block],
        {
          cwd,
          env: {
            PATH: process.env['PATH'],
            KEY: pombo.key,
            API: `${pombo.url}/api/v1`,
            TENANT: tenants.body.data[0].id as string,
          },
        },
      ).catch((error: { message: string; stdout: string }) => {
        throw new Error(`${error.message}${error.stdout}`)
      })
      return stdout
    }
    const [make, transform, auth, tls, ordering, again, defaults, down] = blocks
    expect(await run(make!)).toContain('"uid":"crm"')
    expect(await run(transform!)).toContain('"path":"/message.received"')
    expect(await run(auth!)).toContain('"oauth2"')
    execFileSync('sh', ['-c', certificates], { cwd, stdio: 'pipe' })
    expect(JSON.parse(await run(tls!))).toMatchObject({
      tls: { cert: { subject: expect.any(String) as unknown } },
    })
    // So that the message is given up at once, as the guide goes on.
    await run(`c -X PATCH $API/app/loja/endpoint/crm -d '{"retrySchedule": []}'`)
    const [id] = /msg_\w+/.exec(await run(ordering!))!
    const attempts = async () =>
      (await pombo.call('GET', '/api/v1/app/loja/attempt/endpoint/crm', { headers })).body.data
    const isTried = async (times: number) =>
      await until(async () => (await attempts())?.length === times)
    const [resend, giveUp] = again!.replaceAll('MESSAGE', id).split('\n')
    await isTried(1)
    await run(resend!)
    await isTried(2)
    await run(giveUp!)
    expect(await run(defaults!)).toContain('"timeoutMs"')
    expect(await run(down!)).toContain('"dryRun":true')
  } finally {
    await pombo.stop()
    rmSync(cwd, { recursive: true })
  }
})

test.skipIf(missing.length > 0)('the guide of access makes a link to the portal', async () => {
  const pombo = await startPombo()
  try {
    const headers = { authorization: `Bearer ${pombo.key}` }
    await pombo.call('POST', '/api/v1/app', { body: { name: 'Shop', uid: 'customer-17' }, headers })
    const [portal] = blocksOf('access.md')
    const here = portal!.replace('https://pombo.example.com', '$POMBO')
    const answer = await runCommand(here, pombo, { POMBO_API_KEY: pombo.key })
    expect(answer).toMatchObject({ url: expect.stringContaining('/portal?') as unknown })
  } finally {
    await pombo.stop()
  }
})

/** An authority, and a certificate of it, under the names that the guide has. */
const certificates = `new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $new -keyout ca.key -out ca.pem -subj /CN=ca -days 2
openssl req $new -keyout client.key -out client.csr -subj /CN=client
openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out client.crt -days 2`
