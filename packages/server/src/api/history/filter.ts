import type { StatusText } from '../attempts/status.ts'

/** What the lists of the history can be asked for, as their queries name it. */
export interface MessageFilter {
  before?: number | undefined
  after?: number | undefined
  channel?: string | undefined
  tag?: string | undefined
  event_types?: string[] | undefined
}

export interface AttemptFilter extends MessageFilter {
  status?: StatusText | undefined
  status_code_class?: number | undefined
}
