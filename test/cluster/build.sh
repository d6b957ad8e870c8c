#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kube-controller-manager and kubectl from Go modules into a cache folder and prints
# that folder. KUBEBUILDER_ASSETS, the ecosystem's name for it, overrides the place. The default is keyed by what
# decides the result (versions and the main packages), so that a cache is either right or absent.
set -euo pipefail
# A relative KUBEBUILDER_ASSETS is meant from where the caller stands.
given=${KUBEBUILDER_ASSETS:+$(realpath -m -- "$KUBEBUILDER_ASSETS")}
cd "$(dirname "$0")"

key=$(cat go.mod go.sum build.sh ./*/main.go | sha256sum | cut -c1-16)
assets=${given:-${XDG_CACHE_HOME:-$HOME/.cache}/portcullis/kubernetes-$key}
programs=(etcd kube-apiserver kube-controller-manager kubectl)

complete() { for p in "${programs[@]}"; do [ -x "$assets/$p" ] || return 1; done; }

if ! complete; then
  if [ -n "$given" ] && [ -d "$given" ]; then
    echo "KUBEBUILDER_ASSETS=$given lacks one of: ${programs[*]}" >&2
    exit 1
  fi
  command -v go > /dev/null || { echo "test/cluster/build.sh needs Go 1.26 (https://go.dev/dl) to build the control plane" >&2; exit 1; }
  echo "building the Kubernetes control plane into $assets (5 to 12 minutes, once)" >&2
  version=$(sed -n 's/^\s*k8s.io\/kubernetes \(v[0-9.]*\).*/\1/p' go.mod | head -n 1)
  minor=${version#v1.}
  minor=${minor%%.*}
  flags=
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    # Without these the binaries report v0.0.0-master+$Format:%H$.
    flags="$flags -X $p.gitVersion=$version -X $p.gitMajor=1 -X $p.gitMinor=$minor -X $p.gitTreeState=clean"
  done
  # A folder of its own for each build: two at once never see each other's half, and the rename publishes all or nothing.
  mkdir -p "$(dirname "$assets")"
  staging=$(mktemp -d "$assets.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  CGO_ENABLED=0 go build -mod=readonly -trimpath -buildvcs=false -ldflags "-s -w$flags" -o "$staging/" "${programs[@]/#/./}" >&2
  chmod 755 "$staging"
  if ! mv -T "$staging" "$assets" 2> /dev/null && ! complete; then
    # What stands there is neither ours of just now nor another build's: half a cache, as after a cleaner of old files.
    rm -rf "$assets"
    mv -T "$staging" "$assets"
  fi
fi
echo "$assets"
