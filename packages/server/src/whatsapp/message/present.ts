/** What of these is there: without the members that are null, undefined, false or empty text. */
export function present<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], null | undefined> } {
  const absent = new Set<unknown>([null, undefined, false, ''])
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => !absent.has(value)),
  ) as ReturnType<typeof present<Members>>
}
