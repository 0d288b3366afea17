package localpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A server's folder holds all of it: the cluster in "data" ("new" while initdb
// works), the socket, and, if kept, "owner" and "lock".

const (
	port = "5432" // names the socket; nothing listens on TCP

	// maxSocket limits a socket's path: macOS has room for 104 bytes and Linux
	// for 108, both including a closing zero.
	maxSocket = 103
)

func dataFolder(root string) string { return filepath.Join(root, "data") }
func pidFile(root string) string    { return filepath.Join(dataFolder(root), "postmaster.pid") }
func socketPath(root string) string { return filepath.Join(root, ".s.PGSQL."+port) }

// checkPath ensures that a client can find the socket in root.
func checkPath(root string) error {
	if n := len(socketPath(root)); n > maxSocket {
		return fmt.Errorf("folder %s is too long: its socket's path takes %d bytes of at most %d, choose a shorter one", root, n, maxSocket)
	}
	if strings.Contains(root, ",") {
		return fmt.Errorf("folder %s has a comma, which separates servers in a URL: choose another one", root)
	}
	return nil
}

// temporaryFolder names a folder that does not exist yet. The watchdog makes
// it, so that no folder ever exists without someone to delete it.
func temporaryFolder(ctx context.Context, user account) (string, error) {
	var failed error
	// TMPDIR may be too long for a socket, or private to root.
	for _, base := range []string{os.TempDir(), "/tmp"} {
		root, err := filepath.Abs(filepath.Join(base, "syncer-pg-"+rand.Text()[:10]))
		if err == nil {
			err = checkPath(root)
		}
		if err == nil {
			err = user.mayWrite(ctx, base)
		}
		if err == nil {
			return root, nil
		}
		failed = errors.Join(failed, err)
	}
	return "", fmt.Errorf("temporary folder: %w: set TMPDIR to a short path that every user can write", failed)
}

// keptFolder makes dir ready for the account and returns its absolute path.
func keptFolder(ctx context.Context, dir string, user account) (string, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := checkPath(root); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil { //nolint:gosec // the account must pass through
		return "", err
	}
	if err := os.Mkdir(root, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		if err := user.own(root); err != nil {
			return "", err
		}
	} else if !exists(dataFolder(root)) && !exists(ownerFile(root)) {
		// A slip must not turn a home folder into Postgres's, with mode 0700.
		return "", fmt.Errorf("folder %s holds other files: choose a new or an empty one", root)
	}
	if err := os.Chmod(root, 0o700); err != nil { //nolint:gosec // a folder, not a file
		return "", err
	}
	if err := user.mayWrite(ctx, root); err != nil {
		return "", fmt.Errorf("%w: choose a folder outside of private ones, such as /var/lib/syncer, or give it to that user with chown -R", err)
	}
	return root, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// folderLock is held until every process with its open file has closed it or
// ended. A folder has two: "owner" belongs to the starting process alone,
// "lock" to all processes of the server.
type folderLock struct{ file *os.File }

// tryLock returns nil if someone else holds the lock.
func tryLock(path string, user account) (*folderLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = user.own(path)
	if err == nil {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil //nolint:nilnil // no lock and no error: held by someone else
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &folderLock{file}, nil
}

// release gives up this process's share of the lock; nil holds none. Calling it
// again does nothing.
func (l *folderLock) release() {
	if l != nil {
		_ = l.file.Close()
	}
}

// clearStale removes the leftovers of a killed server of ours: Postgres would
// refuse to start while another process of the same user has the old number.
// The caller holds the lock, so no server of ours is alive. A pid file that
// names another socket comes from a server started by hand; Postgres judges that one.
func clearStale(root string) error {
	text, err := os.ReadFile(pidFile(root))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var failed error
	// https://www.postgresql.org/docs/current/storage-file-layout.html: the fifth line is the socket's folder.
	if lines := strings.Split(string(text), "\n"); len(lines) > 4 && lines[4] == root {
		failed = os.Remove(pidFile(root))
	}
	for _, left := range []string{socketPath(root), socketPath(root) + ".lock"} {
		if err := os.Remove(left); !errors.Is(err, os.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
