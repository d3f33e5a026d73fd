// Reading QR codes with the camera: the browser's own detector, else jsQR where it was installed, else not at all.

const EVERY = 150
const FRAME = 640 // pixels that are looked at; more only takes longer

export const isPossible = (decoder) =>
  Boolean(navigator.mediaDevices?.getUserMedia) && ("BarcodeDetector" in self || Boolean(decoder))

// Calls back with every text that it reads, until it is stopped. Throws when the camera is refused.
export async function scan(video, decoder, found) {
  const read = await reader(decoder)
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: "environment", width: { ideal: 1280 } },
  })
  video.srcObject = stream
  await video.play()
  const [track] = stream.getVideoTracks()
  let timer
  const look = async () => {
    const text = video.readyState >= 2 && (await read(video).catch(() => null))
    if (text) found(text)
    if (timer !== null) timer = setTimeout(look, EVERY)
  }
  timer = setTimeout(look)
  return {
    hasTorch: Boolean(track.getCapabilities?.().torch),
    torch: (on) => track.applyConstraints({ advanced: [{ torch: on }] }),
    stop() {
      clearTimeout(timer)
      timer = null
      stream.getTracks().forEach((one) => one.stop())
      video.srcObject = null
    },
  }
}

async function reader(decoder) {
  if ("BarcodeDetector" in self && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] })
    return async (video) => (await detector.detect(video))[0]?.rawValue
  }
  if (!decoder) throw new Error("no decoder")
  await import(decoder)
  const canvas = document.createElement("canvas")
  const context = canvas.getContext("2d", { willReadFrequently: true })
  return async (video) => {
    const scale = Math.min(1, FRAME / Math.max(video.videoWidth, video.videoHeight))
    canvas.width = video.videoWidth * scale
    canvas.height = video.videoHeight * scale
    context.drawImage(video, 0, 0, canvas.width, canvas.height)
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height)
    return self.jsQR(data, width, height, { inversionAttempts: "dontInvert" })?.data
  }
}
