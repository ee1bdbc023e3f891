import { execFile, spawn } from 'node:child_process'
import { createCipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encryptedLength } from '../../src/media.ts'
import { sign } from '../../src/sign.ts'
import { json, startRecorder } from '../recorder.ts'

// The package as it would be installed: built, under node_modules, run by plain node.
const run = promisify(execFile)
const packageDir = fileURLToPath(new URL('../..', import.meta.url))
const tsc = fileURLToPath(new URL('../../../../node_modules/.bin/tsc', import.meta.url))
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const nodes = await findNodes()
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pombo-sdk-'))
  const installed = join(dir, 'node_modules/@pombo/sdk')
  await mkdir(installed, { recursive: true })
  await run(tsc, [
    '-p',
    join(packageDir, 'tsconfig.build.json'),
    '--outDir',
    join(installed, 'dist'),
  ])
  await cp(join(packageDir, 'package.json'), join(installed, 'package.json'))
  await writeFile(join(dir, 'package.json'), '{"type":"module"}')
  for (const [name, code] of await examples()) await writeFile(join(dir, name), code)
})

afterAll(async () => rm(dir, { recursive: true, force: true }))

test('the package has no dependencies, and its code no import but its own files', async () => {
  const manifest = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as object
  expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([])
  const dist = join(dir, 'node_modules/@pombo/sdk/dist')
  const files = (await readdir(dist)).filter((name) => /\.(js|d\.ts)$/.test(name))
  expect(files).toContain('sdk.js')
  expect(files.filter((name) => name.includes('test'))).toEqual([])
  for (const name of files) {
    const code = await readFile(join(dist, name), 'utf8')
    for (const [, target] of code.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g))
      expect(target).toMatch(/^\.\//)
    expect(code).not.toMatch(/\/\/\/ <reference|\bBuffer\b|\bprocess\./)
  }
})

test('its types serve a strict program with the types of a browser alone', async () => {
  await writeFile(
    join(dir, 'program.ts'),
    `import { PomboClient, Webhook, decryptMedia, sign, type App } from '@pombo/sdk'
     const client = new PomboClient({ url: 'https://a', apiKey: 'k' })
     const apps: App[] = (await client.apps.list({ limit: 1 })).data
     for await (const one of client.endpoints.list('a')) one.url.trim()
     // @ts-expect-error a message needs a payload
     await client.messages.create('a', { eventType: 'b' })
     const event: unknown = await new Webhook(['whsec_a']).verify(new ArrayBuffer(0), new Headers())
     const file: Uint8Array = await decryptMedia(new Uint8Array(), 'a', 'ptt')
     const headers: Record<string, string> = await sign({ secret: 'a', body: 'b' })
     export { apps, event, file, headers }`,
  )
  for (const module of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    const options = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'es2022',
      '--types',
      '',
      '--lib',
      'es2022,dom,dom.asynciterable',
    ]
    await run(
      tsc,
      [...options, '--module', module[0], '--moduleResolution', module[1], 'program.ts'],
      { cwd: dir },
    ).catch((error: { stdout: string }) => expect.unreachable(error.stdout))
  }
})

test('a Node is found to run it with', () => {
  expect(nodes.length).toBeGreaterThan(0)
})

describe.each(nodes)('under Node $version', ({ path }) => {
  test('it verifies, signs and decrypts without anything that only Node has', async () => {
    await writeFile(
      join(dir, 'bare.js'),
      `const print = console.log
       delete globalThis.Buffer
       delete globalThis.process
       const { sign, Webhook, encryptedLength, PomboClient } = await import('@pombo/sdk')
       const whsk = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=='
       const whpk = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='
       const input = { body: '{"test": 2432232314}', id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: 1614265330 }
       const headers = await sign({ ...input, secret: ['${secret}', whsk] })
       const now = () => 1614265330000
       for (const one of ['${secret}', whpk, whsk]) await new Webhook(one, { now }).verify(input.body, headers)
       new PomboClient({ url: 'http://a', apiKey: 'b' })
       print(headers['webhook-signature'], encryptedLength(16))`,
    )
    const { stdout } = await run(path, ['bare.js'], { cwd: dir })
    expect(stdout.trim()).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= ' +
        'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== 42',
    )
  })

  test('receiver.js of the README accepts what is signed and refuses the rest', async () => {
    const receiver = spawn(path, ['receiver.js'], {
      cwd: dir,
      env: { WEBHOOK_SECRET: secret, PORT: '0' },
    })
    try {
      const output = lines(receiver.stdout)
      const port = (await output.next()).value?.match(/listening on (\d+)/)?.[1]
      const url = `http://127.0.0.1:${port}`
      const body = '{"text":"Olá"}'
      const headers = await sign({ secret, body, id: 'msg_1' })
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(204)
      expect((await output.next()).value).toBe("received msg_1 { text: 'Olá' }")
      const forged = await fetch(url, { method: 'POST', headers, body: '{"text":"Ola"}' })
      expect([forged.status, await forged.text()]).toEqual([
        401,
        expect.stringContaining('No signature matches'),
      ])
    } finally {
      receiver.kill()
    }
  })

  test('worker.js of the README accepts what is signed and refuses the rest', async () => {
    const body = '{"text":"Olá"}'
    const headers = JSON.stringify(await sign({ secret, body }))
    const stdout = await runCode(
      path,
      `import worker from './worker.js'
       for (const body of ['${body}', '{}']) {
         const request = new Request('http://a', { method: 'POST', headers: ${headers}, body })
         const response = await worker.fetch(request, { WEBHOOK_SECRET: '${secret}' })
         console.log(response.status, await response.text())
       }`,
    )
    expect(stdout).toBe(
      '200 {"received":{"text":"Olá"}}\n' +
        '401 No signature matches: wrong secret, or the body is not byte for byte what was sent.\n',
    )
  })

  test('simulate.js of the README verifies what it signed', async () => {
    const { stdout } = await run(path, ['simulate.js'], { cwd: dir })
    expect(stdout).toBe("{ event: 'message.received', text: 'Olá' }\n")
  })

  test('client.js of the README goes through against a server', async () => {
    const attempt = { statusText: 'success', responseStatusCode: 200 }
    await using server = await startRecorder(({ method, url }) => {
      if (url.endsWith('/secret')) return json({ key: secret })
      if (url.includes('/attempt/')) return json({ data: [attempt], done: true, iterator: null })
      if (url.endsWith('/no-such-endpoint'))
        return json({ code: 'not_found', detail: 'There is none.' }, 404)
      return json(
        { id: url.includes('/msg') ? 'msg_1' : url.includes('/endpoint') ? 'ep_1' : 'app_1' },
        method === 'POST' ? 201 : 200,
      )
    })
    const { stdout } = await run(path, ['client.js'], {
      cwd: dir,
      env: { POMBO_URL: server.url, POMBO_API_KEY: 'key_1' },
    })
    expect(stdout.split('\n')).toEqual([
      'secret whsec_',
      'stored msg_1',
      'success 200',
      '404 not_found There is none.',
      '',
    ])
    expect(server.requests.some(({ body }) => body.includes('{"id": 12345678901234567890}'))).toBe(
      true,
    )
  })

  test('media.js of the README opens a download and notices a part of it', async () => {
    const mediaKey = randomBytes(32)
    const keys = Buffer.from(hkdfSync('sha256', mediaKey, '', 'WhatsApp Image Keys', 112))
    const cipher = createCipheriv('aes-256-cbc', keys.subarray(16, 48), keys.subarray(0, 16))
    const ciphertext = Buffer.concat([cipher.update('a small image'), cipher.final()])
    const mac = createHmac('sha256', keys.subarray(48, 80))
      .update(keys.subarray(0, 16))
      .update(ciphertext)
      .digest()
    const file = Buffer.concat([ciphertext, mac.subarray(0, 10)])
    expect(file.length).toBe(encryptedLength(13))
    const event = {
      url: `data:;base64,${file.toString('base64')}`,
      mediaKey: mediaKey.toString('base64'),
    }
    const stdout = await runCode(
      path,
      `import { openImage } from './media.js'
       const event = ${JSON.stringify(event)}
       console.log(new TextDecoder().decode(await openImage({ ...event, fileLength: '13' })))
       await openImage({ ...event, fileLength: '16' }).catch((error) => console.log(error.message))`,
    )
    expect(stdout).toBe('a small image\nThe download is not complete.\n')
  })
})

/** Every Node from 20 on this machine: the one that runs the tests, and those on the PATH. */
async function findNodes(): Promise<{ version: string; path: string }[]> {
  const found = new Map<string, string>()
  for (const folder of ['', ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const path = folder === '' ? process.execPath : join(folder, 'node')
    try {
      accessSync(path, constants.X_OK)
    } catch {
      continue
    }
    const { stdout } = await run(await realpath(path), ['--version'])
    if (Number.parseInt(stdout.slice(1), 10) >= 20) found.set(stdout.trim(), await realpath(path))
  }
  return Array.from(found, ([version, path]) => ({ version, path }))
}

/** The README's examples by the file names in their first lines. */
async function examples(): Promise<[string, string][]> {
  const readme = await readFile(join(packageDir, 'README.md'), 'utf8')
  const blocks = Array.from(
    readme.matchAll(/```js\n\/\/ (\S+\.js)\n(.*?)```/gs),
    ([, name, code]): [string, string] => [name!, code!],
  )
  expect(blocks.map(([name]) => name)).toEqual([
    'receiver.js',
    'worker.js',
    'simulate.js',
    'client.js',
    'media.js',
  ])
  return blocks
}

async function runCode(node: string, code: string): Promise<string> {
  const { stdout } = await run(node, ['--input-type=module', '--eval', code], { cwd: dir })
  return stdout
}

async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk.toString()
    const complete = text.split('\n')
    text = complete.pop() ?? ''
    yield* complete
  }
  return undefined
}
