/** File by file, below docs/drawings. */
export declare function drawn(): [string, string][]
