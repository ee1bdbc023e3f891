import type { components } from '../api/schema.d.ts'
import { useSentence } from '../words/said.ts'
import { Foreign } from './layout.tsx'

/** What Pombo says of something: in the person's language by its code, or in Pombo's own words. */
export function Sentence({
  text,
  coded,
}: {
  text: string
  coded: components['schemas']['CodedSentence'] | undefined
}) {
  const sentence = useSentence()
  return sentence(coded) ?? <Foreign>{text}</Foreign>
}
