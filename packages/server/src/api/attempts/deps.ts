import type { Needs } from '../route-deps.ts'

/** What was tried, for whom, and how deliveries stand. */
export type AttemptDeps = Needs<'db' | 'reads' | 'payloads' | 'endpointsOf' | 'clock' | 'wake'>
