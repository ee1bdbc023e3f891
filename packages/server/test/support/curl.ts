// The documents' `curl` lines as requests: host and key replaced, everything else to the letter.
import type { Called, TestPombo } from './pombo-app.ts'

/** Of a shell line the words, quotes and continued lines read as a shell does. What is piped on (`| jq …`) is left out. */
function words(line: string): string[] {
  const found: string[] = []
  for (const [word] of line.replaceAll('\\\n', ' ').matchAll(/'[^']*'|"[^"]*"|[^\s'"]+/g)) {
    if (word === '|') break
    found.push(/^['"]/.test(word) ? word.slice(1, -1) : word)
  }
  return found
}

/** Carries out a line such as `curl -X POST "http://localhost:3000/…" -H "Authorization: Bearer your-api-key" -d '{…}'`. */
export async function curl(pombo: TestPombo, line: string): Promise<Called> {
  const [program, ...args] = words(line)
  if (program !== 'curl') throw new Error(`not a curl line: ${line}`)
  let method = 'GET'
  let path = ''
  let text: string | undefined
  const headers: Record<string, string> = {}
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    if (arg === '-X') method = args[++at]!
    else if (arg === '-d') text = args[++at]!
    else if (arg === '-H') {
      const [name = '', ...value] = args[++at]!.split(': ')
      headers[name.toLowerCase()] = value.join(': ').replace('your-api-key', pombo.key)
    } else if (arg.startsWith('http://localhost:3000'))
      path = arg.slice('http://localhost:3000'.length)
    else throw new Error(`this part of a curl line is not known: ${arg}`)
  }
  return await pombo.call(method, path, { headers, ...(text !== undefined && { text }) })
}
