import type { FailureGroup } from '../../api/shapes.ts'
import { Foreign } from '../../parts/layout.tsx'
import { beyondCause, useCauseWords } from './cause-words.ts'

/** What went wrong with an attempt, in words by its cause; an error without one as Pombo says it. */
export function WentWrong({
  cause,
  error,
}: {
  cause: FailureGroup['cause'] | null
  error: string | null
}) {
  const words = useCauseWords()
  if (cause === null) return error === null ? null : <Foreign>{error}</Foreign>
  const more = beyondCause(cause, error)
  return (
    <>
      {words(cause)}
      {more !== null && (
        <>
          {' '}
          <Foreign>{more}</Foreign>
        </>
      )}
    </>
  )
}
