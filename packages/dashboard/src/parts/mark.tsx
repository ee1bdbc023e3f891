const body =
  'M19.6 7.2c2.5 0 4.3 1.6 4.7 3.9l2.5 1.5-2.6.9c-.3 6-3.7 9.9-9.4 10.2L12 26.4l-.3-2.7L5 21.9' +
  'l7.5-2.6-6.6-6.5 8.6 2.5c.5-4.9 2-8.1 5.1-8.1z'

/** The pigeon. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#4a4fd8" />
      <path fill="#fff" d={body} />
      <circle cx="20.6" cy="10.8" r="1.1" fill="#4a4fd8" />
    </svg>
  )
}
