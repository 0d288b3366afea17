// Package localpg runs a private Postgres from the machine's own server
// binaries: for the demo, for tests, and for a first try without DATABASE_URL.
//
// Find looks for the binaries (find.go). Start prepares a folder (folder.go),
// lets a watchdog, a page of sh, run initdb and postgres in it (launch.go,
// watchdog.sh), and returns once the server's log reports that it accepts
// connections (server.go). A kept folder belongs to the process that starts a
// server in it, until that server has ended (owner.go). For root all of it runs
// as the user postgres or nobody (account.go), because Postgres refuses root.
//
// The server listens only on a Unix socket, in a folder of mode 0700: that mode
// is its access control. It never outlives the process that started it, however
// that process ends. The package knows no schema and opens no pool: it returns a URL.
package localpg

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// Options configure a server. The zero value starts a temporary one.
type Options struct {
	// Dir keeps the cluster between starts; made if missing. A kept cluster is
	// durable and has Postgres's default settings. Empty means a temporary
	// cluster: fast, not durable, and deleted on Stop or when this process dies.
	Dir string

	// Settings go to the server as in postgresql.conf, and override the
	// package's tuning. The socket, its port and the log's place stay the package's own.
	Settings map[string]string
}

// lockInterval is the pause between checks whether a dead process's server has
// ended: only a thread can wait for flock, and no context can interrupt it.
const lockInterval = 50 * time.Millisecond

// Start returns once the server accepts connections. ctx bounds the start, not
// the server's life: whoever started it ends it with Stop.
//
// While another process runs a server in opts.Dir the error is an *InUseError.
// Start waits for the server of a killed process: it ends within seconds.
//
// Without binaries the error is ErrNotFound; if the server does not come up,
// the error ends with the last lines of its log.
func Start(ctx context.Context, opts Options) (*Server, error) {
	s, err := start(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	return s, nil
}

func start(ctx context.Context, opts Options) (*Server, error) {
	installs, err := find(ctx)
	if err != nil {
		return nil, err
	}
	user, err := serverAccount()
	if err != nil {
		return nil, err
	}
	if opts.Dir != "" {
		return startKept(ctx, installs, user, opts)
	}
	root, err := temporaryFolder(ctx, user)
	if err != nil {
		return nil, err
	}
	return launch(ctx, plan{
		bin: installs[0].bin, root: root, temporary: true,
		user: user, settings: opts.Settings,
	})
}

// startKept starts the server of a kept folder, if the folder is free.
func startKept(ctx context.Context, installs []install, user account, opts Options) (*Server, error) {
	root, err := keptFolder(ctx, opts.Dir, user)
	if err != nil {
		return nil, err
	}
	owner, err := own(root, user)
	if err != nil {
		return nil, err
	}
	lock, err := waitForLock(ctx, root, user)
	if err != nil {
		owner.release()
		return nil, err
	}
	defer lock.release() // the server has its own by then
	s, err := startOwn(ctx, installs, plan{
		root: root, user: user, settings: opts.Settings, owner: owner, lock: lock,
	})
	if err != nil {
		owner.release()
		return nil, err
	}
	return s, nil
}

// waitForLock returns once no process of a server of ours works in the folder:
// the lock proves it, whatever a pid file says. The caller owns the folder, so
// such a server's owner was killed, and its watchdog will end it.
func waitForLock(ctx context.Context, root string, user account) (*folderLock, error) {
	retry := time.NewTicker(lockInterval)
	defer retry.Stop()
	for {
		lock, err := tryLock(filepath.Join(root, "lock"), user)
		if lock != nil || err != nil {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the last server in %s has not ended yet: %w", root, ctx.Err())
		case <-retry.C:
		}
	}
}

// startOwn starts a kept folder's server; the caller holds both of its locks.
func startOwn(ctx context.Context, installs []install, p plan) (*Server, error) {
	fit, err := fitting(installs, p.root)
	if err != nil {
		return nil, err
	}
	p.bin = fit.bin
	if err := clearStale(p.root); err != nil {
		return nil, err
	}
	return launch(ctx, p)
}
