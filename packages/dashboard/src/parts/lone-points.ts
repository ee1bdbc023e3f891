/** Where a figure has none beside it: a line needs two, so each of these is drawn as a point. */
export function lonePoints(values: ArrayLike<number | null | undefined>): number[] {
  const there = (at: number): boolean => values[at] !== null && values[at] !== undefined
  return Array.from({ length: values.length }, (_, at) => at).filter(
    (at) => there(at) && !there(at - 1) && !there(at + 1),
  )
}
