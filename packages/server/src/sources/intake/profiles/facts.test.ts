import { expect, test } from 'vitest'
import type { WhatsAppEvent } from '../../../whatsapp/whatsapp.ts'
import { factsOf, fillIn, type Profile, unknownIn } from './facts.ts'

const pn = '5511999990001@s.whatsapp.net'
const lid = '112233@lid'
const person = (given: object = {}) => ({
  id: pn,
  altId: null,
  phone: '5511999990001',
  name: null,
  imageUrl: null,
  ...given,
})
const chat = (given: object = {}) => ({
  id: pn,
  altId: null,
  kind: 'person',
  name: null,
  imageUrl: null,
  ...given,
})
const event = (given: object) =>
  ({ type: 'message.received', session: 's', ...given }) as unknown as WhatsAppEvent

test('what is told of a LID is told of its phone number', () => {
  const facts = factsOf(
    event({ chat: chat(), sender: person({ id: lid, altId: pn, name: 'Maria' }), fromMe: false }),
  )
  expect(facts).toEqual([
    { id: lid, altId: pn, name: 'Maria' },
    { id: pn, altId: lid, name: 'Maria' },
  ])
})

test('two numbers of one person are no mapping', () => {
  const two = person({ altId: '5511999990002@s.whatsapp.net', name: 'Maria' })
  expect(factsOf(event({ sender: two }))).toEqual([{ id: pn, name: 'Maria' }])
})

test('own messages tell no name, and a person’s chat is not named by who writes in it', () => {
  expect(
    factsOf(
      event({ chat: chat({ name: 'Você' }), sender: person({ name: 'Você' }), fromMe: true }),
    ),
  ).toEqual([])
})

test('a picture that is removed, or changed without being told, is no longer known', () => {
  const picture = (given: object) =>
    factsOf(
      event({
        type: 'group.picture_updated',
        chat: chat({ id: '1@g.us', kind: 'group' }),
        by: null,
        picture: { id: null, removed: false, url: null, ...given },
      }),
    )
  expect(picture({ removed: true })).toEqual([{ id: '1@g.us', imageUrl: null }])
  expect(picture({})).toEqual([{ id: '1@g.us', imageUrl: null }])
  expect(picture({ url: 'https://x' })).toEqual([{ id: '1@g.us', imageUrl: 'https://x' }])
})

test('what the event says is never replaced, what it does not say is filled in from either identity', () => {
  const profiles: Record<string, Profile> = {
    [lid]: { altId: pn, name: null, imageUrl: null },
    [pn]: { altId: lid, name: 'Maria', imageUrl: 'https://x' },
  }
  const given = event({
    chat: chat({ id: '1@g.us', kind: 'group', name: 'Own' }),
    sender: person({ id: lid, phone: null }),
    participants: [person({ name: 'Said' })],
  })
  expect(unknownIn(given)).toEqual(['1@g.us', lid, pn])
  fillIn(given, (id) => profiles[id])
  expect(given).toMatchObject({
    chat: { name: 'Own', imageUrl: null },
    sender: { id: lid, altId: pn, phone: '5511999990001', name: 'Maria', imageUrl: 'https://x' },
    participants: [{ name: 'Said', imageUrl: 'https://x', altId: lid }],
  })
})
