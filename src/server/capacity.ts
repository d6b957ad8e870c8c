/** Bodies that are too large for the main thread: this many at once, reviewed one after the other. */
export const MAX_LARGE_REVIEWS = 4
/** And this many bytes of them, whether they are still arriving, waiting or being judged. */
export const MAX_LARGE_BYTES = 64 * 1024 * 1024

/** Counts what large bodies hold, so that they can never exhaust the process. */
export class Capacity {
  readonly #maxBytes: number
  readonly #maxReviews: number
  #bytes = 0
  #reviews = 0

  constructor(maxBytes = MAX_LARGE_BYTES, maxReviews = MAX_LARGE_REVIEWS) {
    this.#maxBytes = maxBytes
    this.#maxReviews = maxReviews
  }

  /** Takes `bytes` more; false where they do not fit. */
  reserveBytes(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false
    this.#bytes += bytes
    return true
  }

  releaseBytes(bytes: number): void {
    this.#bytes -= bytes
  }

  /** Takes a place in the queue of large reviews; false where it is full. */
  reserveReview(): boolean {
    if (this.#reviews >= this.#maxReviews) return false
    this.#reviews += 1
    return true
  }

  releaseReview(): void {
    this.#reviews -= 1
  }

  /** What is taken at present. */
  get used(): { readonly bytes: number; readonly reviews: number } {
    return { bytes: this.#bytes, reviews: this.#reviews }
  }
}
