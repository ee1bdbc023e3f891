import { Toast } from '@base-ui/react/toast'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { asProblem } from '../api/problem.ts'
import { useProblemDetail, useProblemWords } from '../words/problem-words.ts'
import { buttonClass } from './button.tsx'
import styles from './toast.module.css'

/** Where what was done, or could not be, is said for a moment. */
export function Toasts({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider timeout={6_000}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport}>
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

function List() {
  const t = useTranslations('common')
  const { toasts } = Toast.useToastManager()
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={styles.toast}>
      <div>
        <Toast.Title className={styles.title} />
        <Toast.Description className={styles.description} />
      </div>
      <Toast.Close aria-label={t('close')} className={buttonClass({ kind: 'quiet', small: true })}>
        <X size={14} aria-hidden />
      </Toast.Close>
    </Toast.Root>
  ))
}

export function useSay(): { done: (what: string) => void; failed: (error: unknown) => void } {
  const manager = Toast.useToastManager()
  const words = useProblemWords()
  const detail = useProblemDetail()
  return {
    done: (what) => void manager.add({ title: what, type: 'good' }),
    failed: (error) => {
      const problem = asProblem(error)
      const description = detail(problem)?.text
      manager.add({ title: words(problem), description, type: 'bad', priority: 'high' })
    },
  }
}
