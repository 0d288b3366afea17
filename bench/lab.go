package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"syncer/internal/localpg"
)

// lab is the place of measurement: freshly compiled programs, and a private
// Postgres. close removes all of it.
type lab struct {
	root     string // of syncer's source
	dir      string // programs, and their files
	postgres *localpg.Server
	socket   string // of postgres
	version  string // of postgres
	count    int    // databases so far

	near, far time.Duration // to the database and back
	late      time.Duration // the part of it by which a relay exceeds its set delay
}

// migrated is the database that all others are copied from.
const migrated = "migrated"

func newLab(ctx context.Context) (l *lab, err error) {
	l = new(lab)
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.dir, err = os.MkdirTemp("", "syncer-bench-"); err != nil {
		return l, err
	}
	if err := l.build(ctx); err != nil {
		return l, err
	}
	l.postgres, err = localpg.Start(ctx, localpg.Options{Settings: map[string]string{"shared_buffers": "256MB"}})
	if err != nil {
		return l, err
	}
	config, err := pgconn.ParseConfig(l.postgres.URL("postgres"))
	if err != nil {
		return l, err
	}
	_, l.socket = pgconn.NetworkAddress(config.Host, config.Port)
	if err := l.admin(ctx, "CREATE DATABASE "+migrated); err != nil {
		return l, err
	}
	if _, err := l.run(ctx, []string{"DATABASE_URL=" + l.postgres.URL(migrated)}, "syncer", "migrate"); err != nil {
		return l, err
	}
	return l, l.calibrate(ctx)
}

func (l *lab) close() error {
	var err error
	if l.postgres != nil {
		err = l.postgres.Stop()
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

// build compiles both programs, as `make build` does.
func (l *lab) build(ctx context.Context) error {
	out, err := command(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}", "syncer")
	if err != nil {
		return err
	}
	l.root = strings.TrimSpace(out)
	for _, from := range []struct{ dir, what string }{
		{l.root, "./cmd/syncer"},
		{filepath.Join(l.root, "bench"), "./api"},
		{filepath.Join(l.root, "bench"), "./baseline"},
	} {
		_, err := command(ctx, from.dir, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", l.dir+"/", from.what)
		if err != nil {
			return err
		}
	}
	return nil
}

// command runs a tool and returns what it printed.
func command(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	return stdout.String(), nil
}

// admin runs one statement outside all of the databases.
func (l *lab) admin(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, l.postgres.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if l.version == "" {
		l.version = conn.PgConn().ParameterStatus("server_version")
	}
	_, err = conn.Exec(ctx, sql)
	return err
}

// process holds the figures of one run of a program.
type process struct {
	stdout  []byte
	started time.Time
	wall    time.Duration
	peak    int64 // bytes of memory
}

// ending is the time a program gets to end when told to.
const ending = 15 * time.Second

// run runs one of the lab's programs to its end.
func (l *lab) run(ctx context.Context, env []string, name string, args ...string) (process, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(l.dir, name), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = ending
	cmd.Dir = l.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.dir}, env...) // none of the machine's own settings
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	p := process{started: time.Now()}
	err := cmd.Run()
	p.wall = time.Since(p.started)
	if ctx.Err() != nil {
		return p, ctx.Err() // told to end, so how it ended does not matter
	}
	if err != nil {
		return p, fmt.Errorf("%s: %w\n%s", name, err, stderr.Bytes())
	}
	p.stdout = stdout.Bytes()
	p.peak = peak(cmd.ProcessState.SysUsage())
	return p, nil
}

// peak returns the most memory a process ever had. On Linux that starts at its
// parent's peak, so the benchmark itself must stay small.
func peak(usage any) int64 {
	u, ok := usage.(*syscall.Rusage)
	if !ok {
		return 0
	}
	most := int64(u.Maxrss) //nolint:unconvert // 32 bits elsewhere
	if runtime.GOOS == "linux" {
		most <<= 10 // in KiB there
	}
	return most
}

// ownPeak is the benchmark's own peak.
func ownPeak() int64 {
	u := new(syscall.Rusage)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, u); err != nil {
		return 0
	}
	return peak(u)
}
