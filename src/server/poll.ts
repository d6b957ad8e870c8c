/** What is watched, and what to do when it changed. */
export interface PollOptions {
  readonly intervalMs: number
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
export function poll({ intervalMs, signature, onChange, onError }: PollOptions): () => void {
  let acted: string | undefined
  let seen: string | undefined
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    try {
      const present = await signature()
      acted ??= present
      if (present !== acted && present === seen) {
        acted = present
        await onChange()
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
