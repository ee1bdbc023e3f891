/** Names and texts inside SQL, and names as they are written on a command line. */

/** Always in quotes, so that no word of SQL and no capital letter changes what is meant. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * A text constant. With a backslash in it, in the form that means the same whatever standard_conforming_strings
 * says.
 */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** The text of a `text[]`, each element in quotes. */
export function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

/** The elements of what `arrayText` wrote. */
export function arrayElements(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner]) =>
    inner!.replace(/\\(.)/g, '$1'),
  )
}

/**
 * The names in `a.b` or `a,b`: bare, or in double quotes where they hold the separator. Undefined where it is
 * no such list. Case is kept: tables of ORMs have capitals, and nobody quotes them on a command line.
 */
export function splitNames(text: string, separator: '.' | ','): string[] | undefined {
  const names: string[] = []
  const bare = separator === '.' ? '[^".\\s]+' : '[^",]+'
  const pattern = new RegExp(`\\s*(?:"((?:[^"]|"")+)"|(${bare}))\\s*(\\${separator}|$)`, 'y')
  for (;;) {
    const match = pattern.exec(text)
    if (!match) return undefined
    const [, quoted, plain, end] = match
    names.push(quoted === undefined ? plain!.trim() : quoted.replaceAll('""', '"'))
    if (end === '') return names
  }
}
