import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import scalar from '@scalar/fastify-api-reference'
import fastify from 'fastify'
import type { Plugin } from 'vite'

/** Named among the packages that went in, for their licences. */
export const scalarModule = createRequire(import.meta.url).resolve('@scalar/fastify-api-reference')

/**
 * The page of the API's reference: Scalar's own bundle, as its plugin for Fastify serves it, since the package that it
 * is made of brings 439 others along; beside it our settings and the page, which the server serves at /api/v1/docs.
 */
export function referencePage(): Plugin {
  return {
    name: 'reference-page',
    apply: 'build',
    async writeBundle({ dir = 'dist' }) {
      const place = (name: string) => join(import.meta.dirname, name)
      let page = await readFile(place('reference.html'), 'utf8')
      for (const [name, text] of [
        ['scalar.js', await scalarScript()],
        ['reference.js', await readFile(place('reference.js'), 'utf8')],
      ] as const) {
        const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
        const hashed = name.replace('.js', `-${hash}.js`)
        await writeFile(join(dir, 'assets', hashed), text)
        page = page.replace(`/assets/${name}`, `/assets/${hashed}`)
      }
      await writeFile(join(dir, 'reference.html'), page)
    },
  }
}

async function scalarScript(): Promise<string> {
  const app = fastify()
  await app.register(scalar, { routePrefix: '/reference', configuration: { url: '/openapi.json' } })
  const { statusCode, body } = await app.inject('/reference/js/scalar.js')
  await app.close()
  if (statusCode !== 200) throw new Error(`Scalar's script is not where it was: ${statusCode}`)
  return body.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n')
}
