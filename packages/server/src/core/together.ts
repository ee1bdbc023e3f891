import { errorMessage } from './thrown.ts'
/** What each of them gives; where some throw, one error that says what all of them said, a line each. */
export function together<const Reads extends readonly (() => unknown)[]>(
  ...reads: Reads
): { [Place in keyof Reads]: ReturnType<Reads[Place]> } {
  const found: unknown[] = []
  const problems: unknown[] = []
  for (const read of reads)
    try {
      found.push(read())
    } catch (error) {
      problems.push(error)
    }
  if (problems.length === 1) throw problems[0]
  if (problems.length > 1) throw new AggregateError(problems, problems.map(errorMessage).join('\n'))
  return found as { [Place in keyof Reads]: ReturnType<Reads[Place]> }
}
