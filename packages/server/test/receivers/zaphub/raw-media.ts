// The document's fetchEncryptedMedia, with the length that the encrypted download really has: raw_media.fileLength is
// that of the file itself, so the document's own comparison refuses every file. MEDIA holds a raw_media; it prints
// what came, or the error.
interface RawMedia {
  url: string
  fileLength: number
}

/** Whole blocks of 16 bytes, padded even where the last one is full, and ten bytes of a MAC. */
function encryptedLength(fileLength: number): number {
  return (Math.floor(fileLength / 16) + 1) * 16 + 10
}

async function fetchEncryptedMedia(
  rawMedia: RawMedia,
  expectedLength: (fileLength: number) => number,
): Promise<Buffer> {
  const response = await fetch(rawMedia.url, {
    headers: { 'Accept-Encoding': 'identity', 'User-Agent': 'ZapHub-raw-media' },
  })
  if (!response.ok) throw new Error(`Falha ao baixar raw_media: ${response.status}`)
  const buffer = await response.arrayBuffer()
  if (buffer.byteLength !== expectedLength(rawMedia.fileLength))
    throw new Error('raw_media em tamanhos diferentes; verifique proxies/compressão')
  return Buffer.from(buffer)
}

const rawMedia = JSON.parse(process.env['MEDIA'] ?? '') as RawMedia
const outcome = async (expectedLength: (fileLength: number) => number) => {
  try {
    return { bytes: (await fetchEncryptedMedia(rawMedia, expectedLength)).toString('base64') }
  } catch (error) {
    return { error: String(error) }
  }
}
console.log(
  JSON.stringify({
    right: await outcome(encryptedLength),
    asDocumented: await outcome((fileLength) => fileLength),
  }),
)
