/** Lines of heads and of trailers, as far as a lenient reader reads them. */

/** A line of a head or of trailers; undefined: it is none. */
export function fieldOf(line: string): [name: string, value: string] | undefined {
  const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+)[ \t]*:(.*)$/.exec(line) ?? []
  return name === undefined ? undefined : [name, clean(value!)]
}

// oxlint-disable-next-line no-control-regex -- they are what is taken out
const controls = /[\x00-\x1f\x7f]+/g

export function clean(text: string): string {
  return text.replace(controls, ' ').trim()
}
