import type { SentRequest } from '../../api/shapes.ts'

type Signature = NonNullable<SentRequest['signature']>

/** A receiver's check of a signature, in Node.js: it runs as it stands. */
export function verifyCode(signature: Signature): string {
  const { header, prefix, encoding, content, key } = signature
  if (encoding === 'jwt')
    return [
      `import { createHmac, timingSafeEqual } from 'node:crypto'`,
      ``,
      `const [head, claims, given] = headers['${header}'].slice(${prefix.length}).split('.')`,
      `const mac = createHmac('sha256', process.env.SECRET).update(\`\${head}.\${claims}\`).digest('base64url')`,
      `const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())`,
      `const ok = mac.length === given.length && timingSafeEqual(Buffer.from(mac), Buffer.from(given))`,
      `  && exp > Date.now() / 1000`,
    ].join('\n')
  const secret =
    key === 'base64'
      ? `Buffer.from(process.env.SECRET.slice('whsec_'.length), 'base64')`
      : `process.env.SECRET`
  // The body as it arrived, before anything parses it.
  const signed = content.replace(/\{([\w-]+)\}/g, (_, name: string) =>
    name === 'body' ? '${body}' : `\${headers['${name}']}`,
  )
  return [
    `import { createHmac, timingSafeEqual } from 'node:crypto'`,
    ``,
    `const mac = createHmac('sha256', ${secret})`,
    `  .update(\`${signed}\`).digest('${encoding}')`,
    `const ok = headers['${header}'].split(' ').some((given) =>`,
    `  given.length === ${prefix.length} + mac.length &&`,
    `  timingSafeEqual(Buffer.from(given), Buffer.from(\`${prefix}\${mac}\`)))`,
  ].join('\n')
}
