#!/usr/bin/env bash
# Builds the tools of the end-to-end suite from Go modules, each pinned by its own go.mod and described by its tool.sh, and
# prints a folder with all of them. Each has its own cache folder, keyed by what decides the result: a new tool, or a new
# version of one, builds no other anew. With names as arguments it builds only those.
set -euo pipefail
cd "$(dirname "$0")"
. ../go-programs.sh

cache=${XDG_CACHE_HOME:-$HOME/.cache}/portcullis
# To be raised if the way of building below changes what comes out.
recipe=1

tools=("$@")
[ $# -gt 0 ] || for file in */tool.sh; do tools+=("$(dirname "$file")"); done

build_into() {
  local package module version_variable version kubernetes helm=helm.sh/helm/v3/pkg
  . "$tool/tool.sh"
  version=$(version_of "$tool/go.mod" "$module")
  # Which Kubernetes helm 3 renders for if it asks none: that of its client. helm 4 reads it off its own build.
  kubernetes=$(version_of "$tool/go.mod" k8s.io/client-go)
  kubernetes=${kubernetes#v0.}
  echo "building $tool $version" >&2
  (cd "$tool" && CGO_ENABLED=0 go build -mod=readonly -trimpath -buildvcs=false \
    -ldflags "-s -w -X $version_variable=$version \
      -X $helm/chartutil.k8sVersionMajor=1 -X $helm/chartutil.k8sVersionMinor=${kubernetes%%.*} \
      -X $helm/lint/rules.k8sVersionMajor=1 -X $helm/lint/rules.k8sVersionMinor=${kubernetes%%.*}" -o "$1/$tool" "$package" >&2)
}

folders=()
for tool in "${tools[@]}"; do
  sources=("$tool"/go.mod "$tool"/go.sum "$tool"/tool.sh)
  for file in "$tool"/*.go; do [ -e "$file" ] && sources+=("$file"); done
  folder=$cache/tool-$tool-$recipe-$(key_of "${sources[@]}")
  cached "$folder" test/tools/build.sh "$tool"
  folders+=("$folder")
done

# One folder that leads to all of them, named after them.
all=$cache/tools-$(printf '%s\n' "${folders[@]}" | sha256sum | cut -c1-16)
mkdir -p "$all"
for folder in "${folders[@]}"; do ln -sfn "$folder"/* "$all/"; done
echo "$all"
