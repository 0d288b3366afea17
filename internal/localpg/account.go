package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is the system user that initdb and postgres run as.
type account struct {
	name     string
	drop     bool // this process is root and becomes uid and gid for them
	uid, gid uint32
}

// serverAccount is this process's own user, except for root, which Postgres refuses.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{name: strconv.Itoa(os.Geteuid())}, nil
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} { // _postgres is macOS's own
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("uid of user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("gid of user %s: %w", name, err)
		}
		return account{name: name, drop: true, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return account{}, errors.New("root may not run Postgres, and there is no user postgres or nobody to run it as: run as another user")
}

// attr starts a process as the account, in its own session, out of reach of a
// terminal's Ctrl-C.
func (a account) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.drop {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// Command prepares a command that runs as the user that Postgres runs as, such as a
// tool that reads a server's files. Its working folder is one that user can read.
func Command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	user, err := serverAccount()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", environment(), user.attr()
	return cmd, nil
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// mayWrite asks a process of the account, in that folder. That covers every
// folder on the way, access lists and read-only mounts.
func (a account) mayWrite(ctx context.Context, folder string) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", "test -w .")
	cmd.Dir = folder
	cmd.SysProcAttr = a.attr()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("user %s, which Postgres runs as, cannot reach and write %s (%w)", a.name, folder, err)
	}
	return nil
}
