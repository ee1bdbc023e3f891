// The documents' `curl` lines as requests: host and key replaced, everything else to the letter.
import type { Called } from './called.ts'
import type { TestPombo } from './pombo-app.ts'

/**
 * Of a shell line the words, quotes and continued lines read as a shell does. What is piped on (`| jq …`) is left
 * out.
 */
function words(line: string): string[] {
  const found: string[] = []
  for (const [word] of line.replaceAll('\\\n', ' ').matchAll(/'[^']*'|"[^"]*"|[^\s'"]+/g)) {
    if (word === '|') break
    found.push(/^['"]/.test(word) ? word.slice(1, -1) : word)
  }
  return found
}

/** Where the documents' systems listen. */
const hosts = ['http://localhost:3000', 'https://api.agentesdeconversao.com.br']

/**
 * Carries out a line such as `curl -X POST "http://localhost:3000/…" -H "Authorization: Bearer your-api-key" -d
 * '{…}'`. A line that presents no key at all gets it as Bearer.
 */
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
      headers[name.toLowerCase()] = withKey(value.join(': '), pombo.key)
    } else {
      const host = hosts.find((one) => arg.startsWith(one))
      if (host === undefined) throw new Error(`this part of a curl line is not known: ${arg}`)
      path = arg.slice(host.length)
    }
  }
  headers['authorization'] ??= `Bearer ${pombo.key}`
  return await pombo.call(method, path, { headers, ...(text !== undefined && { text }) })
}

function withKey(value: string, key: string): string {
  return value
    .replace('your-api-key', key)
    .replace('Basic <token>', `Basic ${Buffer.from(key).toString('base64')}`)
}
