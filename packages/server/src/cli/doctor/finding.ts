/** What a check found. `mend` says what to do about it; an `ok` has none. */
export type Finding =
  | { level: 'ok'; name: string; detail: string }
  | { level: 'warn' | 'fail'; name: string; detail: string; mend: string }

export function ok(name: string, detail: string): Finding {
  return { level: 'ok', name, detail }
}

export function warn(name: string, detail: string, mend: string): Finding {
  return { level: 'warn', name, detail, mend }
}

export function fail(name: string, detail: string, mend: string): Finding {
  return { level: 'fail', name, detail, mend }
}
