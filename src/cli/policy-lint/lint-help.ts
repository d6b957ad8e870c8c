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

Every object that "kubectl apply -R -f" would send from the same paths is judged, or the exit code
is 2. In folders: .yaml, .yml and .json files, hidden ones too, but not those of node_modules; a
Helm chart has to be rendered first. In files: YAML documents, streams of JSON, and what has "items"
of any kind, in UTF-8, or in UTF-16 with a byte order mark.

Every finding shows its file, line and column, the lines around it, what is wrong and what to do
instead. The verdict is the cluster's own: the same policies, the same code. A rule that needs what
a file does not say is reported as skipped, never as passed. If the cluster may refuse what was not
judged (a pod in a place that no policy knows, labels of a namespace that decide) the run fails.

Exit codes:
  0  every object was judged, and the cluster would take it; what only a live request tells, such as
     the selector of a pod's owner, may have been skipped
  1  the cluster would refuse something
  2  something could not be checked: an unreadable file, a path that matches nothing, no Kubernetes
     object, no policy, a wrong option, or an object that was not judged (see --allow-unjudged).
     2 wins over 1: nothing is green because it was not read or not judged.

Results go to the standard output, everything else to the standard error.

Options:
`
