import { codeOf, type CodedSentence } from './sentences/sentences.ts'

/** A sentence for people; programs that say it in another language go by its code and values, where it has them. */
export interface Said {
  msg: string
  code?: string
  values?: Readonly<Record<string, string | number>>
  because?: CodedSentence
}

/** A kept reason with the code that was kept beside it; with its sentence's own, where that is of another sentence. */
export function saidOf(reason: string | null, coded: Said | null): Said | null {
  if (reason === null) return null
  return coded?.msg === reason ? coded : { msg: reason, ...codeOf(reason) }
}
