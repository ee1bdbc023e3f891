import { expect, test } from 'vitest'
import { z } from 'zod'
import { paramsOf, pathParameters } from './path.ts'

test('a path takes what its names stand for, in their order', () => {
  const params = paramsOf('/api/v1/app/{app_id}/msg/{msg_id}')
  expect(params?.shape).toEqual({ app_id: pathParameters.app_id, msg_id: pathParameters.msg_id })
  expect(paramsOf('/api/v1/app')).toBeUndefined()
})

test('a name may stand for something else on one path, and never for nothing', () => {
  const thing = z.string().max(3)
  expect(paramsOf('/api/v1/{thing_id}', { thing_id: thing })?.shape['thing_id']).toBe(thing)
  expect(() => paramsOf('/api/v1/{thing_id}')).toThrow('No parameter of a path is called thing_id')
})
