// One load generator process: sockets that each send the next request when the answer to the last is complete, as the
// API server does. It parses no more of an answer than its length, so that the server is what is measured.
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'

const [ca, cert, key] = process.argv.slice(2, 5).map(file => readFileSync(file))
const [port = '0', connections = '1', seconds = '1'] = process.argv.slice(5, 8)
const body = readFileSync(process.argv[8] ?? '')
const path = process.argv[9] ?? '/validate'
const head = `POST ${path}?timeout=10s HTTP/1.1\r\nHost: portcullis.portcullis-system.svc\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: ${body.length}\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n`
const request = Buffer.concat([Buffer.from(head), body])

const latencies: number[] = []
let failures = 0
let end = Number.POSITIVE_INFINITY

function drive(socket: TLSSocket): Promise<void> {
  return new Promise(resolve => {
    let received = Buffer.alloc(0)
    let started = 0
    const send = () => {
      if (performance.now() >= end) {
        socket.destroy()
        resolve()
        return
      }
      started = performance.now()
      socket.write(request)
    }
    socket.on('data', chunk => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      const split = received.indexOf('\r\n\r\n')
      if (split < 0) return
      const text = received.subarray(0, split).toString('latin1')
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (received.length < split + 4 + length) return
      if (!text.startsWith('HTTP/1.1 200')) failures += 1
      received = Buffer.alloc(0)
      latencies.push(performance.now() - started)
      send()
    })
    socket.on('error', () => {
      failures += 1
      resolve()
    })
    send()
  })
}

const sockets = await Promise.all(
  Array.from(
    { length: Number(connections) },
    () =>
      new Promise<TLSSocket>((resolve, reject) => {
        const socket = connect({
          host: '127.0.0.1',
          port: Number(port),
          ca,
          cert,
          key,
          ALPNProtocols: ['http/1.1'],
          servername: 'localhost',
        })
        socket.once('secureConnect', () => resolve(socket))
        socket.once('error', reject)
      }),
  ),
)
const begin = performance.now()
end = begin + Number(seconds) * 1000
await Promise.all(sockets.map(drive))
const elapsed = (performance.now() - begin) / 1000
latencies.sort((a, b) => a - b)
const quantile = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0
process.stdout.write(
  JSON.stringify({ requests: latencies.length, failures, elapsed, p50: quantile(0.5), p99: quantile(0.99) }),
)
