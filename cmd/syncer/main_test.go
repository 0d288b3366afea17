package main

import (
	"flag"
	"os"
	"testing"
)

// TestMain turns the test binary, under the name syncer, into the command
// itself: the tests start real processes and send them real signals.
func TestMain(m *testing.M) {
	if os.Args[0] == "syncer" {
		main()
	}
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("8") // they wait for processes, and hardly compute
	}
	os.Exit(m.Run())
}
