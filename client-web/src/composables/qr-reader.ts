/** Reads QR codes from pictures. The reader and its wasm are ours and fetched when first needed. */
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url'

type Source = ImageBitmapSource

let detector: Promise<{ detect(source: Source): Promise<readonly { rawValue: string }[]> }> | null =
  null

function load() {
  detector ??= import('barcode-detector/ponyfill').then(
    ({ BarcodeDetector, prepareZXingModule }) => {
      prepareZXingModule({
        overrides: {
          locateFile: (path: string, prefix: string) =>
            path.endsWith('.wasm') ? wasmUrl : prefix + path,
        },
      })
      return new BarcodeDetector({ formats: ['qr_code'] })
    },
  )
  return detector
}

/** What the first QR code in the picture says, or null. */
export async function readQr(source: Source): Promise<string | null> {
  const reader = await load()
  const [found] = await reader.detect(source)
  return found?.rawValue ?? null
}

/** Fetches the reader ahead of the first frame. */
export async function warmQrReader(): Promise<void> {
  await load()
}
