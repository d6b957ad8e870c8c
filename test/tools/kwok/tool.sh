package=sigs.k8s.io/kwok/cmd/kwok
module=sigs.k8s.io/kwok
version_variable=sigs.k8s.io/kwok/pkg/consts.Version
