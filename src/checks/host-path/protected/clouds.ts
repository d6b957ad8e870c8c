import { AGENT, group, NODE_CONFIGURATION, PROGRAMS, RUNTIME_STATE } from './entry.ts'

const EKS = 'https://github.com/awslabs/amazon-eks-ami'
const GKE = 'https://github.com/kubernetes/kubernetes/blob/master/cluster/gce/gci/configure-helper.sh'
const KOPS = 'https://github.com/kubernetes/kops/blob/master/nodeup/pkg/model/kubelet.go'
const AKS = 'https://github.com/Azure/AgentBaker/tree/master/parts/linux/cloud-init'
const GARDENER = 'https://github.com/gardener/gardener/blob/master/docs/concepts/node-agent.md'

/** What clouds and installers of clusters put on a node to set it up. */
export const CLOUD_PATHS = [
  ...group(NODE_CONFIGURATION, 'https://docs.cloud-init.io/en/latest/reference/faq.html', ['/var/lib/cloud']),
  ...group(AGENT, AKS, ['/opt/azure', '/opt/certs', '/mnt/aks']),
  ...group(AGENT, 'https://github.com/Azure/WALinuxAgent#readme', ['/var/lib/waagent', '/opt/microsoft', '/opt/omi']),
  ...group(AGENT, 'https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html', [
    '/var/lib/amazon',
    '/opt/amazon',
    '/opt/aws',
  ]),
  ...group(RUNTIME_STATE, EKS, ['/mnt/k8s-disks']),
  ...group(PROGRAMS, GKE, ['/home/kubernetes']),
  ...group(AGENT, 'https://github.com/GoogleCloudPlatform/guest-agent#readme', ['/opt/google']),
  ...group(PROGRAMS, KOPS, ['/opt/kops', '/var/cache/nodeup', '/opt/kubernetes']),
  ...group(AGENT, GARDENER, [
    '/var/lib/gardener-node-agent',
    '/var/lib/cloud-config-downloader',
    '/var/lib/ca-certificates-local',
  ]),
  ...group(AGENT, 'https://docs.oracle.com/iaas/Content/Compute/Tasks/manage-plugins.htm', [
    '/var/lib/oracle-cloud-agent',
  ]),
  ...group(RUNTIME_STATE, 'https://cloud.ibm.com/docs/containers?topic=containers-cli-plugin-kubernetes-service-cli', [
    '/var/data/kubelet',
    '/var/data/criorootstorage',
    '/var/data/cripersistentstorage',
  ]),
  ...group(AGENT, 'https://docs.digitalocean.com/products/monitoring/', ['/opt/digitalocean']),
]
