//go:build linux && !amd64 && !arm64

// This file stops the build on an architecture that has no register file
// here, with a package name that says why.
package warder_supports_only_amd64_and_arm64
