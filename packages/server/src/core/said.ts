/** A sentence for people; programs that say it in another language go by its code and values, where it has them. */
export interface Said {
  msg: string
  code?: string
  values?: Readonly<Record<string, string | number>>
}

/** A kept reason with the code that was kept beside it; without, where the code is of another sentence. */
export function saidOf(reason: string | null, coded: Said | null): Said | null {
  if (reason === null) return null
  return coded?.msg === reason ? coded : { msg: reason }
}
