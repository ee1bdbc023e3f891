import { expect, test } from 'vitest'
import { binaryArray } from '../../src/db/binary-array.ts'
import { createTestDatabase } from '../support/database.ts'

test('PostgreSQL reads every type of array as it was written', async () => {
  const database = await createTestDatabase()
  try {
    const given = {
      uuid: ['018f3c9e-0a1b-7c2d-8e3f-000102030405', null, 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
      int: [0, -1, 2_147_483_647, null],
      smallint: [2, -32_768, null],
      float8: [0.1, -1e300, null, 1_732_838_400_123.5],
      bool: [true, false, null, true],
      text: ['', 'a"b\\c{},', null, 'null', '🕊️ é', 'x'.repeat(100_000)],
      bytea: [Buffer.from([0, 1, 255]), null, Buffer.alloc(0)],
    }
    for (const [type, values] of Object.entries(given)) {
      for (const some of [values, [], values.slice(0, 1)]) {
        const { rows } = await database.pool.query<{ back: unknown }>(
          `select $1::${type}[] as back`,
          [binaryArray(type as 'text', some as string[])],
        )
        expect(rows[0]!.back, type).toEqual(some)
      }
    }
  } finally {
    await database.drop()
  }
})
