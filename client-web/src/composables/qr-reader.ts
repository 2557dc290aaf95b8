/** Reads QR codes from pictures. The reader and its wasm are served by us and fetched when first needed. */
import { reportMissingPart } from '@/platform/late-parts'
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url'

type Source = ImageBitmapSource
interface Reader {
  detect(source: Source): Promise<readonly { rawValue: string }[]>
}

/** The reader could not be fetched: no network, or the file is missing at the server. A retry may work. */
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
      // The message also arrives as an error, which is shown.
      printErr: () => undefined,
    },
    fireImmediately: true,
  })
  return new BarcodeDetector({ formats: ['qr_code'] })
}

/** Fetches the reader before the first frame. @throws QrReaderMissing */
export function warmQrReader(): Promise<Reader> {
  reader ??= fetchReader().catch((cause: unknown) => {
    reader = null
    reportMissingPart()
    throw new QrReaderMissing('the QR reader could not be fetched', { cause })
  })
  return reader
}

/** The content of the first QR code in the picture, or null. @throws QrReaderMissing */
export async function readQr(source: Source): Promise<string | null> {
  const [found] = await (await warmQrReader()).detect(source)
  return found?.rawValue ?? null
}
