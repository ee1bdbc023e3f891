import { lazy, Suspense } from 'react'
import { Field, type FieldWords } from './field.tsx'
import styles from './code-editor.module.css'
import { names } from './class-names.ts'

const CodeMirror = lazy(async () => ({ default: (await import('./code-mirror.tsx')).CodeMirror }))

export interface EditorProps {
  language: 'json' | 'javascript' | 'cel'
  value: string
  onChange: (value: string) => void
  label: string
  readOnly?: boolean
  /** Lines that it has at least. */
  rows?: number
}

/** An editor of code, which comes when it is needed. */
export function CodeField({
  error,
  help,
  optional,
  label,
  rows = 8,
  ...rest
}: EditorProps & FieldWords) {
  return (
    <Field label={label} error={error} help={help} optional={optional}>
      {() => (
        <div className={names(styles.frame, error !== undefined && styles.bad)}>
          <Suspense fallback={<div className={styles.waiting} />}>
            <CodeMirror {...rest} label={label} rows={rows} />
          </Suspense>
        </div>
      )}
    </Field>
  )
}
