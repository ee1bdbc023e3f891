import { expect, test } from 'vitest'
import { accessDraftOf, accessInput, noAccess, wrongAccess } from './draft-access.ts'

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'

test('what is secret and was not typed anew is left as it is', () => {
  const auth = { type: 'oauth2' as const, tokenUrl: 'https://login.example.com', clientId: 'c' }
  expect(accessInput(accessDraftOf({ auth }))).toEqual({})
  expect(accessInput(noAccess)).toEqual({ auth: null })
})

test('each way of letting in asks for its own, and is sent whole', () => {
  expect(wrongAccess({ ...noAccess, auth: 'bearer' })).toEqual({ token: 'missing' })
  expect(accessInput({ ...noAccess, auth: 'bearer', token: ' t ' })).toEqual({
    auth: { type: 'bearer', token: 't' },
  })
  expect(wrongAccess({ ...noAccess, auth: 'basic', username: 'u' })).toEqual({
    password: 'missing',
  })
  const oauth = {
    ...noAccess,
    auth: 'oauth2' as const,
    tokenUrl: 'https://login.example.com/token',
    clientId: 'c',
    clientSecret: 's',
    scopes: 'a b',
    extraParams: 'audience = crm',
  }
  expect(wrongAccess(oauth)).toEqual({})
  expect(accessInput(oauth).auth).toEqual({
    type: 'oauth2',
    tokenUrl: 'https://login.example.com/token',
    clientId: 'c',
    clientSecret: 's',
    clientAuth: 'basic',
    scopes: ['a', 'b'],
    extraParams: { audience: 'crm' },
  })
  expect(wrongAccess({ ...oauth, tokenUrl: 'login', extraParams: 'audience' })).toEqual({
    tokenUrl: 'url',
    extraParams: 'params',
  })
})

test('a certificate goes with its key, and what is left empty stays', () => {
  expect(wrongAccess({ ...noAccess, cert: pem })).toEqual({ key: 'pair' })
  expect(wrongAccess({ ...noAccess, ca: 'MIIB' })).toEqual({ ca: 'pem' })
  expect(accessInput({ ...noAccess, ca: pem })).toMatchObject({ tls: { ca: pem } })
  expect(accessInput({ ...noAccess, dropCert: true }).tls).toEqual({ cert: null, key: null })
})
