type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

/** The members that were given: a field that was left out is absent, not undefined. */
export function defined<T extends object>(given: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
