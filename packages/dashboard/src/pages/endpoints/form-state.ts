import type { Dispatch, SetStateAction } from 'react'
import { useTranslations } from 'use-intl'
import { type Draft, wrongOf } from './draft.ts'

export interface FormState {
  appId: string
  draft: Draft
  set: Dispatch<SetStateAction<Draft>>
  /** What Pombo said of a field. */
  errors: Record<string, string>
  /** Of which draft it said it: of a field that was changed since, it holds no more. */
  sent: Draft | undefined
  /** Whether what does not fit is said yet: not while it is first typed. */
  judged: boolean
}

export function useField({ draft, set, errors, sent, judged }: FormState) {
  const t = useTranslations('endpointForm')
  const words = { url: t('urlWrong'), number: t('numberWrong'), schedule: t('scheduleWrong') }
  const wrong = judged ? wrongOf(draft) : {}
  return (name: Exclude<keyof Draft, 'destination' | 'access'>, pombosName: string = name) => {
    const own = wrong[name]
    const said = sent?.[name] === draft[name] ? errors[pombosName] : undefined
    return {
      value: String(draft[name]),
      error: own === undefined ? said : words[own],
      onChange: (event: { target: { value: string } }) =>
        set((before) => ({ ...before, [name]: event.target.value })),
    }
  }
}
