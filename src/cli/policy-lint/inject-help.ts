/** What `policy-lint inject --help` says before it lists the options. */
export const INJECT_HELP = `policy-lint inject: what the webhook would inject, into files.

Usage: policy-lint inject --injections DIR [OPTION]… PATH|GLOB|-…

  policy-lint inject --injections injections/ --diff deploy.yaml      what is added, line by line
  policy-lint inject --injections injections/ --explain k8s/          which injections, or why not
  policy-lint inject --injections injections/ deploy.yaml | kubectl apply -f -
  helm template ./chart | policy-lint inject --injections injections/ -

Injects into Pods and into the pod templates of every workload, by the code of the webhook: the same
plan, the same patch, the same proof that nothing else is touched. Documents without a pod come out
as they are; comments are lost. A pod that was injected into here gets nothing more in the cluster.
Nothing is blacked out: what is printed are your own manifests.

Exit codes:
  0  everything was read, and the cluster would take it
  1  an injection with onConflict: Deny refuses a pod
  2  something could not be read or injected: an unreadable file, a path that matches nothing, no
     Kubernetes object, no injection, a wrong option, a patch that was not proven harmless.
     2 wins over 1

Results go to the standard output, everything else to the standard error.

Options:
`
