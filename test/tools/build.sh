#!/usr/bin/env bash
# Builds helm (3 and 4), promtool, kwok and kubectl-reader from Go modules, each pinned by its own go.mod, into cache folders
# that are keyed by what decides the result, and prints a folder with all of them: helm3, helm4, promtool, kwok, kubectl-reader.
set -euo pipefail
cd "$(dirname "$0")"
. ../go-programs.sh

cache=${XDG_CACHE_HOME:-$HOME/.cache}/portcullis
all=$cache/tools-$(key_of ./*/go.mod ./*/go.sum ./*/*.go build.sh ../go-programs.sh)

# The package of each, and the variable that tells its version.
declare -A packages=(
  [helm3]=helm.sh/helm/v3/cmd/helm
  [helm4]=helm.sh/helm/v4/cmd/helm
  [promtool]=github.com/prometheus/prometheus/cmd/promtool
  [kwok]=sigs.k8s.io/kwok/cmd/kwok
  [kubectl-reader]=.
)
declare -A modules=(
  [helm3]=helm.sh/helm/v3
  [helm4]=helm.sh/helm/v4
  [promtool]=github.com/prometheus/prometheus
  [kwok]=sigs.k8s.io/kwok
  [kubectl-reader]=k8s.io/cli-runtime
)
declare -A versions=(
  [helm3]=helm.sh/helm/v3/internal/version.version
  [helm4]=helm.sh/helm/v4/internal/version.version
  [promtool]=github.com/prometheus/common/version.Version
  [kwok]=sigs.k8s.io/kwok/pkg/consts.Version
  [kubectl-reader]=main.version
)
tools=(helm3 helm4 promtool kwok kubectl-reader)

build_one() {
  local tool=$1 into=$2 version kubernetes helm=helm.sh/helm/v3/pkg
  version=$(version_of "$tool/go.mod" "${modules[$tool]}")
  # Which Kubernetes helm 3 renders for when it asks none: that of its client. helm 4 reads it off its own build.
  kubernetes=$(version_of "$tool/go.mod" k8s.io/client-go)
  kubernetes=${kubernetes#v0.}
  echo "building $tool $version" >&2
  (cd "$tool" && CGO_ENABLED=0 go build -mod=readonly -trimpath -buildvcs=false \
    -ldflags "-s -w -X ${versions[$tool]}=$version \
      -X $helm/chartutil.k8sVersionMajor=1 -X $helm/chartutil.k8sVersionMinor=${kubernetes%%.*} \
      -X $helm/lint/rules.k8sVersionMajor=1 -X $helm/lint/rules.k8sVersionMinor=${kubernetes%%.*}" -o "$into/$tool" "${packages[$tool]}" >&2)
}

build_into() {
  local tool
  for tool in "${tools[@]}"; do build_one "$tool" "$1"; done
}

cached "$all" test/tools/build.sh "${tools[@]}"
echo "$all"
