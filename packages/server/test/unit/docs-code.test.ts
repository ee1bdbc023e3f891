// Every block of code on the docs' pages is run by a test, or says why it is not.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { filePages } from '../../../../docs/.vitepress/pages.ts'

const root = join(import.meta.dirname, '../../../..')
const docs = join(root, 'docs')

interface Runs {
  test: string
  pages: RegExp
  fences: string[]
  /** Of these fences only blocks that are this and nothing else. */
  only?: (block: string) => boolean
  /** It reads the comments itself, and leaves out the blocks behind them. */
  readsMarks?: true
}

/** As `runGuide` takes them: commands of curl, with an empty line between. */
const onlyCurl = (block: string) =>
  block.split(/\n\n(?=curl)/).every((one) => one.startsWith('curl'))

/** Which test runs which blocks, or compares them with what makes them; the same of both languages. */
const runs: Runs[] = [
  {
    test: 'packages/server/test/integration/gateway-guides.test.ts',
    pages: /^guides\/gateways\//,
    fences: ['sh', 'text'],
  },
  {
    test: 'packages/server/test/integration/dialect-guides.test.ts',
    pages: /^guides\/migrate\/(whatsmeow|zaphub|device-status|evolution|agentes)\./,
    fences: ['sh'],
    only: onlyCurl,
  },
  {
    test: 'packages/server/test/integration/privacy-guide.test.ts',
    pages: /^guides\/privacy\./,
    fences: ['sh'],
    only: onlyCurl,
  },
  {
    test: 'packages/server/test/integration/source-guides.test.ts',
    pages: /^guides\/(redis|postgresql|webhooks-in|brokers)\./,
    fences: ['sh'],
  },
  {
    test: 'packages/server/test/integration/source-guides.test.ts',
    pages: /^guides\/(postgresql|brokers)\./,
    fences: ['sql', 'json'],
  },
  {
    test: 'packages/server/test/integration/endpoint-guides.test.ts',
    pages: /^guides\/(endpoints|access)\./,
    fences: ['sh'],
  },
  {
    test: 'packages/server/test/integration/destination-guide.test.ts',
    pages: /^guides\/destinations\./,
    fences: ['sh', 'sql', 'js'],
  },
  {
    test: 'packages/server/test/e2e/verify-guide.test.ts',
    pages: /^guides\/verify\./,
    fences: ['sh', 'js', 'python', 'go', 'java', 'php', 'ruby', 'elixir', 'csharp', 'rust'],
  },
  {
    test: 'packages/server/test/e2e/start-guide.test.ts',
    pages: /^start\./,
    fences: ['sh'],
    only: onlyCurl,
  },
  {
    test: 'packages/server/test/e2e/migrate-guides.test.ts',
    pages: /^guides\/migrate\/(svix|convoy|outpost|hook0)\./,
    fences: ['sh', 'js'],
    readsMarks: true,
  },
  {
    test: 'packages/server/test/e2e/migrate-loops.test.ts',
    pages: /^guides\/migrate\/(own-loop|bullmq|evolution-webhooks)\./,
    fences: ['sh', 'js'],
    readsMarks: true,
  },
  {
    test: 'packages/server/test/e2e/cloud-guide.test.ts',
    pages: /^guides\/cloud-methods\./,
    fences: ['sh', 'js'],
    readsMarks: true,
  },
  {
    test: 'packages/server/test/e2e/backup-guide.test.ts',
    pages: /^guides\/backup\./,
    fences: ['sh'],
  },
  {
    test: 'packages/n8n-nodes-pombo/test/workflows.test.ts',
    pages: /^guides\/n8n\./,
    fences: ['sh'],
    only: onlyCurl,
  },
  {
    test: 'packages/sdk/test/integration/package.test.ts',
    pages: /^packages\/sdk\/README/,
    fences: ['js'],
  },
  {
    test: 'packages/baileys/test/integration/package.test.ts',
    pages: /^packages\/baileys\/README/,
    fences: ['js'],
  },
  {
    test: 'packages/server/test/unit/dialect-readmes.test.ts',
    pages: /^packages\/server\/src\/dialects\//,
    fences: ['js'],
    only: (block) => block.includes('export function verify('),
  },
  {
    test: 'packages/server/test/integration/dialect-documents.test.ts',
    pages: /^packages\/server\/src\/dialects\/zaphub\//,
    fences: ['js'],
    only: (block) => block.includes('export async function fetchMedia('),
  },
  {
    test: 'packages/server/test/unit/docs-code.test.ts',
    pages: /^(reference\/configuration|guides\/deploy)\./,
    fences: ['yaml'],
  },
  {
    test: 'packages/server/test/unit/docs-code.test.ts',
    pages: /^guides\/observability\./,
    fences: ['yaml'],
    // The other one is a collector's.
    only: (block) => block.startsWith('otel'),
  },
  {
    test: 'packages/server/test/integration/telemetry-signals.test.ts',
    pages: /^guides\/observability\./,
    fences: ['sh'],
    only: onlyCurl,
  },
  {
    test: 'packages/server/src/api/dialects/reference.test.ts',
    pages: /^reference\/dialects\./,
    fences: ['http'],
  },
]

interface Block {
  at: string
  page: string
  fence: string
  code: string
  /** What the comment before it says. */
  notRun: string | undefined
}

const blocks = filePages()
  .map(({ source }) => source.replace(/^docs\//, ''))
  .toSorted()
  .flatMap(blocksOf)

/** @param page below docs/, or from the root of the repository for those that lie elsewhere */
function blocksOf(page: string): Block[] {
  const file = existsSync(join(docs, page)) ? `docs/${page}` : page
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /(?:^ *<!-- not run: ([^\n]*?) -->\n+)?^( *)(`{3,})(\w*)[^\n]*\n(.*?)^ *\3$/gms,
  )
  return [...found].map(({ 0: whole, 1: notRun, 4: fence, 5: code, index }) => {
    const line = text.slice(0, index).split('\n').length
    return {
      at: `${file}:${line} ${whole.slice(0, 60)}`,
      page,
      fence: fence!,
      code: code!,
      notRun,
    }
  })
}

const testOf = ({ page, fence, code }: Block) =>
  runs.find(
    (one) => one.pages.test(page) && one.fences.includes(fence) && (one.only?.(code) ?? true),
  )

function runsMarked(block: Block): boolean {
  const one = testOf(block)
  return one !== undefined && one.readsMarks !== true
}

test('every block of code is run by a test, or a comment before it says why not: <!-- not run: … -->', () => {
  expect(blocks.length).toBeGreaterThan(200)
  const neither = blocks.filter(
    (block) => block.notRun === undefined && testOf(block) === undefined,
  )
  expect(neither.map(({ at }) => at)).toEqual([])
})

test('no block says that it is not run which a test runs, and none says it without a reason', () => {
  const wrong = blocks.filter(
    (block) => block.notRun !== undefined && (block.notRun.length < 10 || runsMarked(block)),
  )
  expect(wrong.map(({ at }) => at)).toEqual([])
})

test('a test that a reason names is there', () => {
  const cwd = join(root, 'packages')
  const tests = globSync('*/test/**/*.test.ts', { cwd }).map((file) => basename(file))
  const named = blocks.flatMap(({ notRun = '' }) => notRun.match(/[\w-]+\.test\.ts/g) ?? [])
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => !tests.includes(name))).toEqual([])
})

test.each(runs)('$test is there, and names the pages that it runs', ({ test: file, pages }) => {
  const text = readFileSync(join(root, file), 'utf8')
  const own = blocks.filter(({ page }) => pages.test(page))
  expect(own).not.toEqual([])
  const names = [...new Set(own.map(({ page }) => basename(page).replace(/(\.pt-BR)?\.md$/, '')))]
  const unnamed = names.filter((name) => !text.includes(name))
  // The gateways' pages are found by their folder.
  if (!text.includes("globSync('*.md'")) expect(unnamed).toEqual([])
})

test('the configuration files that are shown have settings that there are', () => {
  const schema = JSON.parse(readFileSync(join(docs, 'reference/pombo.schema.json'), 'utf8')) as {
    properties: object
  }
  const shown = blocks.filter(({ fence, notRun }) => fence === 'yaml' && notRun === undefined)
  expect(shown.length).toBeGreaterThan(2)
  for (const { at, code } of shown)
    for (const name of Object.keys(parse(code) as object))
      expect(schema.properties, at).toHaveProperty(name)
})
