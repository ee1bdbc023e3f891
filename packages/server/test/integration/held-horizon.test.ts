import { expect, test } from 'vitest'
import { claim, type ClaimRequest } from '../../src/queue/claim/store.ts'
import { fromTheStart } from '../../src/queue/claim/floors.ts'
import { createDatabase } from '../support/database.ts'
