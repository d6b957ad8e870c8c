package=.
module=k8s.io/cli-runtime
version_variable=main.version
