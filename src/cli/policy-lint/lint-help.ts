/** What `policy-lint --help` says before it lists the options. */
export const HELP = `policy-lint: the policies of the cluster, on files, before the merge.

Usage: policy-lint [OPTION]… PATH|GLOB|-…

  policy-lint deploy.yaml                      one file
  policy-lint k8s/                             a folder, with the folders in it
  policy-lint 'apps/**/*.yaml'                 a glob; the quotes keep the shell from reading it
  helm template ./chart | policy-lint -        what a chart comes to
  kustomize build ./overlay | policy-lint -
  kubectl get pods,pv -A -o yaml | policy-lint -
  policy-lint --format json k8s/ | jq '.findings[].message'

Other commands, each with --help:

  policy-lint explain    what a policy or a check is about, and what to do instead
  policy-lint inject     what the webhook would inject, into files
  policy-lint test       the suites that stand beside policies

Reads .yaml, .yml and .json files with any number of documents, and Lists. In folders, hidden names
and node_modules are passed over; a Helm chart has to be rendered first.

Every finding shows its file, line and column, the lines around it, what is wrong and what to do
instead. The verdict is the cluster's own: the same policies, the same code. A rule that needs what
a file does not say is reported as skipped, never as passed.

Exit codes:
  0  everything was checked, and the cluster would take it
  1  the cluster would refuse something
  2  something could not be checked: an unreadable file, a path that matches nothing, no Kubernetes
     object, no policy, a wrong option. 2 wins over 1: nothing is green because it was not read.

Results go to the standard output, everything else to the standard error.

Options:
`
