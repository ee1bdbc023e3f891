/** The class names that are there, as one. */
export function names(...given: (string | false | undefined | null)[]): string {
  return given.filter((one) => one).join(' ')
}
