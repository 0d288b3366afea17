package localpg

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

//go:embed watchdog.sh
var watchdog string

// plan describes what launch starts.
type plan struct {
	bin, root string
	temporary bool
	user      account
	settings  map[string]string
	owner     *folderLock // this process's, released once the server has ended
	lock      *folderLock // the server's; both nil for a temporary one, whose folder nobody else knows
}

// launch starts the watchdog, and through it initdb and postgres, and returns
// once the server is ready.
func launch(ctx context.Context, p plan) (*Server, error) {
	// The write end stays with this process (os.Pipe closes it on exec): when
	// the process is gone, however it went, the watchdog reads the end of the pipe.
	life, hold, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer life.Close()
	log, out, err := os.Pipe()
	if err != nil {
		_ = hold.Close()
		return nil, err
	}

	// Not CommandContext: ctx bounds the start, and nothing may kill the
	// watchdog, or nobody would clean up.
	args := []string{"-c", watchdog, "syncer-postgres", p.bin, p.root, p.life()}
	cmd := exec.Command("/bin/sh", append(args, p.options()...)...) //nolint:noctx // see above
	// initdb wants a working folder that its user can read.
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{life}
	if p.lock != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, p.lock.file)
	}
	cmd.SysProcAttr = p.user.attr()
	err = cmd.Start()
	_ = out.Close() // only the server's processes write: the log ends with them
	if err != nil {
		_ = hold.Close()
		_ = log.Close()
		return nil, err
	}
	s := &Server{root: p.root, hold: hold, owner: p.owner, done: make(chan struct{})}
	ready := make(chan struct{})
	tail := &logTail{pipe: log, ready: ready}
	go s.watch(cmd, tail, p.temporary)

	select {
	case <-ready:
		return s, nil
	case <-s.done:
		return nil, s.Stop()
	case <-ctx.Done():
		_ = s.Stop() // how it ended; ctx knows why
		return nil, fmt.Errorf("not ready yet: %w%s", ctx.Err(), tail)
	}
}

func (p plan) life() string {
	if p.temporary {
		return "temporary"
	}
	return "kept"
}

// options are postgres's: the tuning, then the caller's settings, then what
// this package relies on; the last one wins.
func (p plan) options() []string {
	var all []string
	set := func(name, value string) { all = append(all, "-c", name+"="+value) }
	set("timezone", "UTC")
	set("log_timezone", "UTC")
	if p.temporary {
		set("fsync", "off")
		set("synchronous_commit", "off")
		set("full_page_writes", "off")
		set("shared_buffers", "64MB")
		set("max_connections", "100")
	}
	for _, name := range slices.Sorted(maps.Keys(p.settings)) {
		set(name, p.settings[name])
	}
	set("listen_addresses", "")
	set("unix_socket_directories", `"`+strings.ReplaceAll(p.root, `"`, `""`)+`"`) // a list, so quoted
	set("port", port)
	set("logging_collector", "off")
	set("log_destination", "stderr")
	set("lc_messages", "C") // logTail reads them
	return all
}

// environment is all that the server gets of this process's: no token, no
// database password, none of libpq's or initdb's own variables.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
