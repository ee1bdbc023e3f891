import type { SourceShown } from '../../api/shapes.ts'
import { Foreign } from '../../parts/layout.tsx'
import { useReasonWords } from '../../words/problem-words.ts'

type Why = Pick<NonNullable<SourceShown['reading']>, 'reason' | 'code' | 'values' | 'because'>

/** Why a broker is not read or a request was refused: in words by its code, or as Pombo says it. */
export function Reason({ why: { reason, code, values, because } }: { why: Why }) {
  const words = useReasonWords()
  const message = reason ?? ''
  return words({ message, code, values, because }) ?? <Foreign>{message}</Foreign>
}
