import type { z } from 'zod'

/**
 * What a configuration variable is. The engine's variables are listed in config/keys.ts; a dialect lists its
 * own in its folder, and config/keys.ts takes the list up as one more group. The kinds of values are in
 * setting-kinds.ts.
 */
export interface Kind<T> {
  /** From the variable's text to its value; an issue's message says what is wrong with this text. */
  readonly schema: z.ZodType<T, string>
  /** Completes the sentence "It takes …". */
  readonly allowed: string
  readonly example: string
  /** The value as text again, for printing. */
  show(value: T): string
  /** What a file may hold besides text, as JSON Schema says it. */
  readonly json: JsonForm
}

/** A part of JSON Schema. */
export type JsonForm = Readonly<Record<string, unknown>>

export interface Setting<T, Always extends boolean = boolean> {
  /** The environment variable. */
  readonly variable: string
  readonly kind: Kind<T>
  readonly description: string
  /**
   * As it would be written; read like a given value. A function where it depends on the mode; none: the value
   * may be absent.
   */
  readonly default: string | ((mode: { production: boolean }) => string) | undefined
  /** Said in place of the default, where that is not a fixed text. */
  readonly defaultNote: string | undefined
  /** Never printed, logged or repeated in an error. */
  readonly secret: boolean
  /** A running Pombo takes a new value up when the file is read again; the others hold until the next start. */
  readonly live: boolean
  /** What may be printed of a secret (a URL without its password); nothing unless given. */
  redact?(value: T): string
  readonly always: Always
}

/** Settings that belong together, by the name under which the code knows them. */
export type SettingGroup = Readonly<Record<string, Setting<unknown>>>

/** The typed values of a group: those with a default are always there. */
export type ValuesOf<Group extends SettingGroup> = {
  [Key in keyof Group as Group[Key] extends Setting<infer _, true> ? Key : never]: Value<Group[Key]>
} & {
  [Key in keyof Group as Group[Key] extends Setting<infer _, true> ? never : Key]?: Value<
    Group[Key]
  >
}
type Value<S> = S extends Setting<infer T> ? T : never

interface Details<T> {
  description: string
  defaultNote?: string
  secret?: boolean
  live?: boolean
  redact?: (value: T) => string
}

const usual = { defaultNote: undefined, secret: false, live: false }

/** Defines a variable that always has a value. */
export function setting<T>(
  variable: string,
  kind: Kind<T>,
  details: Details<T> & { default: string | ((mode: { production: boolean }) => string) },
): Setting<T, true> {
  return { ...usual, ...details, variable, kind, always: true }
}

/** Defines a variable that may be absent. */
export function optionalSetting<T>(
  variable: string,
  kind: Kind<T>,
  details: Details<T>,
): Setting<T, false> {
  return { ...usual, ...details, default: undefined, variable, kind, always: false }
}
