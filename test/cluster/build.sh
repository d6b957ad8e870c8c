#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl from Go modules into a cache folder and
# prints that folder: of the newest Kubernetes that is supported, or of the oldest (`build.sh oldest`). KUBEBUILDER_ASSETS, the ecosystem's name for it, overrides the place. The default is keyed by what
# decides the result (versions and the main packages).
set -euo pipefail
# A relative KUBEBUILDER_ASSETS is meant from where the caller stands.
given=${KUBEBUILDER_ASSETS:+$(realpath -m -- "$KUBEBUILDER_ASSETS")}
cd "$(dirname "$0")"
. ../go-programs.sh

case ${1:-newest} in
  newest) mod=go.mod ;;
  oldest) mod=oldest.mod ;;
  *)
    echo "test/cluster/build.sh [newest|oldest]" >&2
    exit 1
    ;;
esac
programs=(etcd kube-apiserver kube-controller-manager kube-scheduler kubectl)
assets=${given:-${XDG_CACHE_HOME:-$HOME/.cache}/portcullis/kubernetes-$(key_of "$mod" "${mod%.mod}.sum" build.sh ../go-programs.sh ./*/main.go)}

build_into() {
  echo "building the Kubernetes control plane into $assets (5 to 12 minutes, once)" >&2
  local version minor flags= p
  version=$(version_of "$mod" k8s.io/kubernetes)
  minor=${version#v1.}
  minor=${minor%%.*}
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    # Without these the binaries report v0.0.0-master+$Format:%H$.
    flags="$flags -X $p.gitVersion=$version -X $p.gitMajor=1 -X $p.gitMinor=$minor -X $p.gitTreeState=clean"
  done
  CGO_ENABLED=0 go build -modfile="$mod" -mod=readonly -trimpath -buildvcs=false -ldflags "-s -w$flags" -o "$1/" "${programs[@]/#/./}" >&2
}

if [ -n "$given" ] && [ -d "$given" ] && ! has_all "$given" "${programs[@]}"; then
  echo "KUBEBUILDER_ASSETS=$given lacks one of: ${programs[*]}" >&2
  exit 1
fi
cached "$assets" test/cluster/build.sh "${programs[@]}"
echo "$assets"
