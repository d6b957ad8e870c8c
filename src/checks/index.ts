import { type RegisteredCheck, register } from './check.ts'
import { hostPath } from './host-path.ts'

/** Every built-in check, in the order of the documentation. A check that is not in this list does not exist. */
export const CHECKS: readonly RegisteredCheck[] = [register(hostPath)]
