import type { FailureGroup } from '../../api/shapes.ts'
import type { components } from '../../api/schema.d.ts'
import { Sentence } from '../../parts/sentence.tsx'
import { beyondCause, useCauseWords } from './cause-words.ts'

/** What went wrong with an attempt, in words by its cause; an error without one as Pombo says it. */
export function WentWrong({
  cause,
  error,
  errorCoded,
}: {
  cause: FailureGroup['cause'] | null
  error: string | null
  errorCoded: components['schemas']['CodedSentence']
}) {
  const words = useCauseWords()
  if (cause === null) return error === null ? null : <Sentence text={error} coded={errorCoded} />
  const more = beyondCause(cause, error)
  return (
    <>
      {words(cause)}
      {more !== null && (
        <>
          {more.startsWith('(') ? ' ' : ': '}
          <Sentence text={more} coded={errorCoded} />
        </>
      )}
    </>
  )
}
