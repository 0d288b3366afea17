package main

import "runtime/debug"

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = ""

// versionText returns the version, from the linker or from Go's build info.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// userAgent identifies this program to Polar.
func userAgent() string { return "syncer/" + versionText() }
