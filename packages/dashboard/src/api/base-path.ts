/** Path below which Pombo is reached, without a slash at its end: the built files lie in `assets` below it. */
export const basePath = /^(.*)\/assets\/[^/]*$/.exec(new URL(import.meta.url).pathname)?.[1] ?? ''
