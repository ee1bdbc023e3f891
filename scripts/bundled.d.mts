export interface Bundled {
  folder: string
  /** Its command line. */
  main: string
  /** The node of benchmarks, bench/parts/pombo.ts. */
  benchNode: string
}

/** @param onBuild is called where there is none yet, before it is made. */
export declare function bundledPombo(onBuild?: () => void): Bundled
export declare function bundledAt(folder: string): Bundled
export declare function inUse(bundled: Pick<Bundled, 'folder'>): void
