import type { Io } from '../io.ts'
import { address, choice, duration, flag, port, text, type ValuesOf } from '../options.ts'
import { injectionOptions, namespaceList, verdictOptions } from '../shared-options.ts'

/** What `portcullis controller` takes. */
export function controllerOptions(env: Io['env']) {
  return {
    mode: choice(
      ['observe', 'enforce'],
      'Whether anything is refused and injected. enforce waits until nothing stands against it.',
      'observe',
    ),
    'accept-blocked': flag('Enforces although objects are there that would be refused at their next creation.'),
    'accept-critical-namespaces': namespaceList('Namespaces of node-critical pods that may depend on the gateway.', []),
    'bootstrap-namespaces': namespaceList(
      'Namespaces that must start without the gateway, such as that of a CNI: nobody is asked about them.',
      [],
    ),
    ...verdictOptions(env),
    ...injectionOptions(),
    service: text('NAME', 'The Service of the gateway, in its own namespace (POD_NAMESPACE).', 'portcullis'),
    'service-port': port('The port of that Service.', 443),
    'registration-url': text('URL', 'Where the gateway is, outside of the cluster; instead of --service.', undefined),
    'webhook-timeout': duration('How long the API server waits for an answer, at most 5s.', '5s', '1s'),
    certificates: choice(
      ['own', 'cert-manager', 'files'],
      'Who makes the serving certificate: the controller, cert-manager, or somebody else.',
      'own',
    ),
    'ca-secret': text('NAME', 'The Secret of the CA (--certificates own).', 'portcullis-ca'),
    'tls-secret': text('NAME', 'The Secret of the serving certificate (own, cert-manager).', 'portcullis-tls'),
    'ca-file': text('FILE', 'The CA of the serving certificate (--certificates files).', undefined),
    'audit-interval': duration('How often what is there already is judged; 0s never.', '10m', '0s'),
    'pod-interval': duration('How often pods that nobody adopts are looked for; 0s never.', '30s', '0s'),
    'rollout-interval': duration('How often rollouts are measured and decided; 0s never.', '10s', '0s'),
    'client-auth-ready-after': duration(
      'How long every API server must have shown an allowed client certificate before gateways may demand one; 0s never.',
      '10m',
      '0s',
    ),
    uninstall: flag('Removes what the controller has made, the webhooks first, and ends.'),
    kubeconfig: text('FILE', 'How to reach the API; in a pod its service account unless given.', undefined),
    'health-listen': address('Where /livez, /readyz and /metrics are served, in clear.', ':8080'),
    'reload-interval': duration('How often policies in files are looked at for changes.', '2s', '100ms'),
    'log-level': choice(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'Logs are JSON, on standard error.',
      'info',
    ),
    help: flag('Shows this text.', { short: 'h' }),
  }
}

export type ControllerOptions = ValuesOf<ReturnType<typeof controllerOptions>>
