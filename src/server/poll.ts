/** What is watched, and what to do when it changed. */
export interface PollOptions {
  readonly intervalMs: number
  /** The state that is in force; undefined where the first look is to tell. */
  readonly initial: string | undefined
  /** Names the present state; equal states, equal names. */
  readonly signature: () => Promise<string>
  readonly onChange: () => Promise<void>
  readonly onError: (error: unknown) => void
}

/**
 * Calls back when a signature changed and then stood still for one interval: a file that is being written changes
 * from look to look, and half of it must not count. Polling, because file events get lost on network mounts and on
 * the links by which Kubernetes swaps a mounted ConfigMap.
 *
 * @returns a function that ends the watch.
 */
export function poll({ intervalMs, initial, signature, onChange, onError }: PollOptions): () => void {
  let acted = initial
  let seen: string | undefined
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    try {
      const present = await signature()
      acted ??= present
      if (present !== acted && present === seen) {
        await onChange()
        // Only now: a change that could not be taken in is tried again at the next look.
        acted = present
      }
      seen = present
    } catch (error) {
      onError(error)
    }
    if (!isStopped) timer = setTimeout(look, intervalMs).unref()
  }
  void look()
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}
