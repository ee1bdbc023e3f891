import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type BuiltFile, readBuilt } from './files.ts'
import { pageHeaders } from './headers.ts'
import { missingPage, missingReference } from './missing-page.ts'

export interface DashboardOptions {
  /** The build's folder; undefined: it was not built. */
  folder: string | undefined
  /** Path below which it is reached; empty: at the root. */
  basePath: string
  /** Origins whose pages may frame this address. */
  frameAncestors: (request: FastifyRequest) => Promise<string[]>
}

/** Answers a GET that no route takes with a file or a page of the dashboard; false: it is none of its addresses. */
export type ServePage = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>

/**
 * The dashboard, on whatever addresses the rest leaves: made before any route is added, it learns which first words
 * the routes use, and no address below those is ever a page. So a mistaken path of the API stays a 404.
 */
export function createPages(
  app: FastifyInstance,
  { folder, basePath, frameAncestors }: DashboardOptions,
): ServePage {
  const taken = new Set<string>()
  app.addHook('onRoute', ({ url }) => {
    const word = firstWord(url)
    if (word !== '') taken.add(word)
  })
  return async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false
    const path = request.url.split('?')[0]!
    if (taken.has(firstWord(path))) return false
    if (folder === undefined) return path === '/' && (await sendMissing(reply))
    const encodings = request.headers['accept-encoding']
    const file = path === '/' ? undefined : await readBuilt(folder, path, encodings)
    if (file !== undefined && !file.type.startsWith('text/html'))
      return send(request, reply, file, {})
    if (!isPage(path, request.headers.accept)) return false
    const index = await readPage(folder, '/index.html', basePath, encodings)
    if (index === undefined) return path === '/' && (await sendMissing(reply))
    return send(request, reply, index, pageHeaders(await frameAncestors(request)))
  }
}

/** The page, with its addresses below the path. What it loads knows the path by its own address. */
async function readPage(
  folder: string,
  name: string,
  basePath: string,
  encodings: string | undefined,
): Promise<BuiltFile | undefined> {
  if (basePath === '') return await readBuilt(folder, name, encodings)
  const index = await readBuilt(folder, name, undefined)
  if (index === undefined) return undefined
  const html = index.bytes.toString().replaceAll(/ (src|href)="\//g, ` $1="${basePath}/`)
  return { ...index, bytes: Buffer.from(html), etag: `${index.etag.slice(0, -1)}${basePath}"` }
}

/**
 * The API's reference, at its own address. Scalar, which draws it, puts its theme into the page as styles of its own,
 * without a nonce that it could be given: so this page alone allows inline styles, and no other. It shows the OpenAPI
 * document, in which no stranger has written; scripts come from here alone, as everywhere.
 */
export async function sendReference(
  request: FastifyRequest,
  reply: FastifyReply,
  { folder, basePath }: Pick<DashboardOptions, 'folder' | 'basePath'>,
): Promise<FastifyReply> {
  const encodings = request.headers['accept-encoding']
  const page =
    folder === undefined
      ? undefined
      : await readPage(folder, '/reference.html', basePath, encodings)
  if (page === undefined) {
    void reply.headers({ ...pageHeaders([]), 'cache-control': 'no-store' })
    return reply.type('text/html; charset=utf-8').send(missingReference)
  }
  send(request, reply, page, pageHeaders([], "'self' 'unsafe-inline'"))
  return reply
}

function firstWord(path: string): string {
  return path.split('/')[1] ?? ''
}

/**
 * An address of a page, asked for by somebody who reads pages: neither a file that is gone nor a program's mistake.
 * Below a page a name may end as a file's does: /event-types/message.received.
 */
function isPage(path: string, accept: string | undefined): boolean {
  if (path === '/') return true
  return !/^\/(?:assets\/|[^/]*\.\w+$)/.test(path) && (accept ?? '').includes('text/html')
}

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  file: BuiltFile,
  headers: Record<string, string>,
): true {
  void reply.headers({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    vary: 'accept-encoding',
    etag: file.etag,
    ...(file.encoding !== undefined && { 'content-encoding': file.encoding }),
    ...headers,
  })
  if (request.headers['if-none-match'] === file.etag) void reply.code(304).send()
  else void reply.code(200).type(file.type).send(file.bytes)
  return true
}

async function sendMissing(reply: FastifyReply): Promise<true> {
  void reply
    .code(200)
    .headers({ ...pageHeaders([]), 'cache-control': 'no-store' })
    .type('text/html; charset=utf-8')
    .send(missingPage)
  return true
}
