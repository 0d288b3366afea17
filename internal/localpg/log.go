package localpg

import (
	"bufio"
	"os"
	"strings"
)

// logTail reads the server's log to its end, so that the server never waits for
// a reader, and keeps the last lines.
type logTail struct {
	pipe  *os.File
	ready chan<- struct{} // closed once the server accepts connections
	lines []string
}

const tailLines = 12

// ready reports whether a line of the log tells that the server takes connections; a
// standby's says "read-only connections", before 14 "read only connections".
func ready(line string) bool {
	return strings.Contains(line, "database system is ready to accept ") && strings.HasSuffix(line, " connections")
}

// read returns once nobody can write any more, or at the pipe's deadline.
func (t *logTail) read() {
	defer t.pipe.Close()
	in := bufio.NewReader(t.pipe)
	for {
		line, _, err := in.ReadLine() // an overlong line comes in parts, which is fine here
		if err != nil {
			return
		}
		if len(t.lines) == tailLines {
			t.lines = t.lines[1:]
		}
		t.lines = append(t.lines, string(line))
		if t.ready != nil && ready(string(line)) {
			close(t.ready)
			t.ready = nil
		}
	}
}

// String returns the end of an error's text; call it only after read has returned.
func (t *logTail) String() string {
	if len(t.lines) == 0 {
		return ""
	}
	return ", its log ends with\n\t" + strings.Join(t.lines, "\n\t")
}
