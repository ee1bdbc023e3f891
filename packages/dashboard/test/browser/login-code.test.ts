// A gateway's login code on its source's page: what a phone would read off the screen is what the gateway sent.
import { decodeQR } from 'qr/decode.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { wordsOf, meet } from '../support/browser.ts'
import { type Stand, startStand } from '../support/stand.ts'

interface Points {
  width: number
  height: number
  data: number[]
}

let stand: Stand
beforeAll(async () => {
  stand = await startStand()
})
afterAll(async () => await stand?.stop())

test('a login code is drawn as a phone reads it, and goes once it was read', async () => {
  const { ask, pombo } = stand
  const w = wordsOf('pt-BR')
  const app = await ask('POST', '/app', { name: 'Loja com código' })
  const source = await ask('POST', `/app/${app.id}/source`, { gateway: 'wppconnect' })
  const tell = async (body: object) => {
    const answer = await fetch(source.ingestUrl as string, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ session: 'loja', ...body }),
    })
    expect(answer.status).toBe(200)
  }
  const code = '2@kPq3wXy9+a/B,cD4eF5gH6=,iJ7kL8mN9oP0,qR1sT2uV3'
  await tell({ event: 'qrcode', urlcode: code, qrcode: '' })

  const person = await meet(pombo.url, { key: pombo.key, language: 'pt-BR', theme: 'dark' })
  await person.go(`/sources/${app.id}/${source.id}`)
  const drawn = person.page.getByRole('img', { name: w('sources.loginCode') })
  await drawn.waitFor()
  const picture = (await drawn.screenshot()).toString('base64')
  // A page of its own turns the picture into points.
  const blank = await person.context.newPage()
  const { width, height, data } = await blank.evaluate<Points>(`(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${picture}'
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    context.drawImage(image, 0, 0)
    const { width, height, data } = context.getImageData(0, 0, image.width, image.height)
    return { width, height, data: [...data] }
  })()`)
  expect(decodeQR({ width, height, data: Uint8ClampedArray.from(data) })).toBe(code)

  await tell({ event: 'status-find', status: 'inChat' })
  await drawn.waitFor({ state: 'detached' })
  expect(person.faults).toEqual([])
  await person.leave()
})
