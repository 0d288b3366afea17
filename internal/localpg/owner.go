package localpg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrInUse means that another process runs the server of the folder. It is a private
// server: it ends with its owner, whoever else might use it.
var ErrInUse = errors.New("the private Postgres is in use")

// InUseError tells who uses a folder. It is an ErrInUse.
type InUseError struct {
	Dir      string
	Owner    int    // process that started the server; 0: unknown
	Postgres int    // the server's own; 0: not up yet, or already gone
	URL      string // the server's address
}

func (e *InUseError) Error() string {
	text := fmt.Sprintf("%v: another process runs it in %s", ErrInUse, e.Dir)
	if e.Owner != 0 {
		text = fmt.Sprintf("%v: process %d runs it in %s", ErrInUse, e.Owner, e.Dir)
	}
	if e.Postgres != 0 {
		text += fmt.Sprintf(" (Postgres itself is process %d)", e.Postgres)
	}
	return text
}

// Unwrap makes it an ErrInUse.
func (e *InUseError) Unwrap() error { return ErrInUse }

func ownerFile(root string) string { return filepath.Join(root, "owner") }

// own makes this process the folder's owner until the result is released.
// Unlike the other lock, this one is not inherited: it is free as soon as the
// owner is gone, however it went. That tells a living owner from one that left
// a server behind.
func own(root string, user account) (*folderLock, error) {
	l, err := tryLock(ownerFile(root), user)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, &InUseError{Dir: root, Owner: firstNumber(ownerFile(root)), Postgres: postmaster(root), URL: serverURL(root, "postgres")}
	}
	err = l.file.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintln(l.file, os.Getpid())
	}
	if err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// postmaster returns the number of the server's first process, or 0.
func postmaster(root string) int { return firstNumber(pidFile(root)) }

// firstNumber returns the number in a file's first line, or 0.
func firstNumber(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	n, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	return n
}
