# Sourced by the scripts that build programs from Go modules: once, into a cache folder that is either right or absent.

# cached FOLDER WHAT PROGRAM...: sees to it that FOLDER holds the programs; calls `build_into STAGING` where it does not.
cached() {
  local folder=$1 what=$2 staging
  shift 2
  has_all "$folder" "$@" && return
  command -v go > /dev/null || {
    echo "$what needs Go 1.26 (https://go.dev/dl)" >&2
    exit 1
  }
  # A folder of its own for each build: two at once never see each other's half, and the rename publishes all or nothing.
  mkdir -p "$(dirname "$folder")"
  staging=$(mktemp -d "$folder.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$staging'" EXIT
  build_into "$staging"
  chmod 755 "$staging"
  if ! mv -T "$staging" "$folder" 2> /dev/null && ! has_all "$folder" "$@"; then
    # What stands there is neither ours of just now nor another build's: half a cache, as after a cleaner of old files.
    rm -rf "$folder"
    mv -T "$staging" "$folder"
  fi
}

# has_all FOLDER PROGRAM...
has_all() {
  local folder=$1 program
  shift
  for program in "$@"; do [ -x "$folder/$program" ] || return 1; done
}

# key_of FILE...: names what decides the result.
key_of() { cat "$@" | sha256sum | cut -c1-16; }

# The version that a go.mod requires of a module: version_of GO_MOD MODULE.
version_of() { sed -n "s#^\(require\)\?\s*$2 \(v[0-9][^ ]*\).*#\2#p" "$1" | head -n 1; }
