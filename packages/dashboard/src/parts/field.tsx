import { Search } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { useTranslations } from 'use-intl'
import { names } from './class-names.ts'
import styles from './field.module.css'

export interface FieldWords {
  label: string
  help?: ReactNode | undefined
  /** Why what was typed does not do. */
  error?: string | undefined
  optional?: boolean | undefined
  labelHidden?: boolean | undefined
}

interface Wiring {
  id: string
  'aria-invalid': true | undefined
  'aria-describedby': string | undefined
}

/** A label, a control, its help and its error, tied together for who hears them. */
export function Field({
  label,
  help,
  error,
  optional,
  labelHidden,
  children,
}: FieldWords & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId()
  const t = useTranslations('common')
  const described = names(error !== undefined && `${id}-error`, help !== undefined && `${id}-help`)
  return (
    <div className={styles.field}>
      <label className={labelHidden === true ? styles.labelHidden : styles.label} htmlFor={id}>
        {label}
        {optional === true && <span className={styles.optional}> ({t('optional')})</span>}
      </label>
      {children({
        id,
        'aria-invalid': error === undefined ? undefined : true,
        'aria-describedby': described === '' ? undefined : described,
      })}
      {error !== undefined && (
        <div id={`${id}-error`} className={styles.error} role="alert">
          {error}
        </div>
      )}
      {help !== undefined && (
        <div id={`${id}-help`} className={styles.help}>
          {help}
        </div>
      )}
    </div>
  )
}

type Text = FieldWords & { mono?: boolean } & Omit<ComponentProps<'input'>, 'id'>

export function TextField({ label, help, error, optional, labelHidden, mono, ...rest }: Text) {
  return (
    <Field {...{ label, help, error, optional, labelHidden }}>
      {(wiring) => (
        <input
          autoComplete="off"
          spellCheck={false}
          {...rest}
          {...wiring}
          className={names(styles.input, mono === true && styles.mono)}
        />
      )}
    </Field>
  )
}

type Long = FieldWords & { mono?: boolean } & Omit<ComponentProps<'textarea'>, 'id'>

export function TextArea({ label, help, error, optional, labelHidden, mono, ...rest }: Long) {
  return (
    <Field {...{ label, help, error, optional, labelHidden }}>
      {(wiring) => (
        <textarea
          spellCheck={false}
          {...rest}
          {...wiring}
          className={names(styles.input, mono === true && styles.mono)}
        />
      )}
    </Field>
  )
}

interface Choice<Value extends string> extends FieldWords {
  value: Value
  onPick: (value: Value) => void
  options: readonly { value: Value; label: string }[]
  disabled?: boolean
}

/** The browser's own: a phone knows how to show it, a keyboard how to work it. */
export function SelectField<Value extends string>(given: Choice<Value>) {
  const { value, onPick, options, disabled, ...words } = given
  return (
    <Field {...words}>
      {(wiring) => (
        <select
          {...wiring}
          className={names(styles.input, styles.select)}
          value={value}
          disabled={disabled}
          onChange={(event) => onPick(event.target.value as Value)}
        >
          {options.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** A choice in a bar of filters: no label beside it, one for who hears it. */
export function FilterSelect<Value extends string>({
  label,
  value,
  onPick,
  options,
}: Choice<Value>) {
  return (
    <select
      aria-label={label}
      className={names(styles.input, styles.select, styles.inline)}
      value={value}
      onChange={(event) => onPick(event.target.value as Value)}
    >
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label}
        </option>
      ))}
    </select>
  )
}

export function CheckField({
  label,
  help,
  ...rest
}: { label: string; help?: ReactNode } & Omit<ComponentProps<'input'>, 'type' | 'id'>) {
  const id = useId()
  return (
    <div className={styles.check}>
      <input
        {...rest}
        id={id}
        type="checkbox"
        aria-describedby={help === undefined ? undefined : `${id}-help`}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {help !== undefined && (
          <div id={`${id}-help`} className={styles.help}>
            {help}
          </div>
        )}
      </div>
    </div>
  )
}

/** Searches when it is sent: every key pressed would ask the database. */
export function SearchField({
  label,
  value,
  onSearch,
}: {
  label: string
  value: string
  onSearch: (text: string) => void
}) {
  return (
    <form
      role="search"
      className={styles.search}
      onSubmit={(event) => {
        event.preventDefault()
        const typed = new FormData(event.currentTarget).get('q')
        onSearch(typeof typed === 'string' ? typed.trim() : '')
      }}
    >
      <Search size={14} aria-hidden />
      <input
        key={value}
        type="search"
        name="q"
        aria-label={label}
        placeholder={label}
        defaultValue={value}
        autoComplete="off"
        spellCheck={false}
        className={styles.input}
      />
    </form>
  )
}
