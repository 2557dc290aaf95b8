/** Reads QR codes from pictures. The reader and its wasm are ours and fetched when first needed. */
import { reportMissingPart } from '@/platform/late-parts'
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url'

type Source = ImageBitmapSource
interface Reader {
  detect(source: Source): Promise<readonly { rawValue: string }[]>
}

/** The reader could not be fetched: the network, or a server that lacks it. Another try may work. */
export class QrReaderMissing extends Error {
  override readonly name = 'QrReaderMissing'
}

let reader: Promise<Reader> | null = null

async function fetchReader(): Promise<Reader> {
  const { BarcodeDetector, prepareZXingModule } = await import('barcode-detector/ponyfill')
  await prepareZXingModule({
    overrides: {
      locateFile: (path: string, prefix: string) =>
        path.endsWith('.wasm') ? wasmUrl : prefix + path,
      // What it has to say comes as an error as well, and is shown.
      printErr: () => undefined,
    },
    fireImmediately: true,
  })
  return new BarcodeDetector({ formats: ['qr_code'] })
}

/** Fetches the reader ahead of the first frame. @throws QrReaderMissing */
export function warmQrReader(): Promise<Reader> {
  reader ??= fetchReader().catch((cause: unknown) => {
    reader = null
    reportMissingPart()
    throw new QrReaderMissing('the QR reader could not be fetched', { cause })
  })
  return reader
}

/** What the first QR code in the picture says, or null. @throws QrReaderMissing */
export async function readQr(source: Source): Promise<string | null> {
  const [found] = await (await warmQrReader()).detect(source)
  return found?.rawValue ?? null
}
