import type { TestProject } from 'vitest/node'
import { bundledPombo } from '../../../../scripts/bundled.mjs'

/** Once for all files of the run; with a watch each looks again, as the source changes meanwhile. */
export function setup(project: TestProject): void {
  if (!project.config.watch) process.env.BUNDLED_POMBO = bundledPombo().folder
}
