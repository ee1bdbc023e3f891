// On the second PostgreSQL run the tests that are named for it, and no others of their files.
import { basename } from 'node:path'
import { beforeAll, beforeEach, expect, type RunnerTask } from 'vitest'
import { testsOnSecondPostgres } from './second-postgres.ts'

const file = basename(expect.getState().testPath!, '.test.ts')
const named = testsOnSecondPostgres(file) ?? []

// A test that got another name would otherwise not be run there any more, without a word.
// oxlint-disable-next-line eslint/no-empty-pattern -- vitest takes nothing else for what is not used
beforeAll(({}, suite) => {
  const names = namesIn(suite)
  for (const part of named)
    if (!names.some((name) => name.includes(part)))
      throw new Error(`second-postgres.ts: no test of ${file} is called "${part}"`)
})
beforeEach(({ task, skip }) => skip(!named.some((part) => task.name.includes(part))))

function namesIn(task: RunnerTask): string[] {
  return 'tasks' in task ? task.tasks.flatMap(namesIn) : [task.name]
}
