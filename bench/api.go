package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// api is a synthetic organization, see bench/api.
type api struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer // closing it ends the process
}

// served counts what an api answered in some time.
type served struct {
	Requests int           `json:"requests"`
	First    time.Time     `json:"first"`
	Busy     time.Duration `json:"busy_ns"`
}

// startAPI starts an organization with this many links.
func (l *lab) startAPI(ctx context.Context, links int, delay time.Duration) (*api, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(l.dir, "api"), "-links", strconv.Itoa(links), "-delay", delay.String())
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	a := &api{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		a.stop()
		return nil, errors.Join(ctx.Err(), fmt.Errorf("start the api: %w", err))
	}
	a.url = strings.TrimSpace(line)
	return a, nil
}

func (a *api) stop() {
	a.stdin.Close()
	_ = a.cmd.Wait() // it has said all it had to say
}

// ask sends a request that only our api knows, not Polar.
func (a *api) ask(ctx context.Context, method, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return response.Body, nil
}

// served returns what was answered since the last call.
func (a *api) served(ctx context.Context) (s served, err error) {
	body, err := a.ask(ctx, http.MethodGet, "/served")
	if err != nil {
		return s, err
	}
	defer body.Close()
	return s, json.NewDecoder(body).Decode(&s)
}

// change changes one link in a hundred, and returns how many.
func (a *api) change(ctx context.Context) (links int, err error) {
	body, err := a.ask(ctx, http.MethodPost, "/change")
	if err != nil {
		return 0, err
	}
	defer body.Close()
	_, err = fmt.Fscan(body, &links)
	return links, err
}

// ids returns the ids of all links, in LIST order.
func (a *api) ids(ctx context.Context) ([]string, error) {
	body, err := a.ask(ctx, http.MethodGet, "/ids")
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var ids []string
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		ids = append(ids, lines.Text())
	}
	return ids, lines.Err()
}
