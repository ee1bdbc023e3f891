// A file of its own, which is loaded when somebody looks at a secret.
import guide from '../../../../../docs/guides/verify.md?raw'
import { samplesOf } from './verify-samples.ts'

export const samples = samplesOf(guide)
