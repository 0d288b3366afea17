package oracle

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A step is the state of a recorded catalogue at one moment.
type step struct {
	number  int
	dir     string
	answers []Answer // GET by id, in the order of LIST
	seen    observed
}

// recordings is the folder of the recorded catalogues, a folder each.
const recordings = "../../fetch/fetchtest/recordings"

// steps reads a recorded scenario.
func steps(tb testing.TB, scenario string) []step {
	tb.Helper()
	dirs, err := filepath.Glob(filepath.Join(recordings, scenario, "step-*"))
	if err != nil || len(dirs) == 0 {
		tb.Fatalf("no recordings of %s: %v", scenario, err)
	}
	var all []step
	for number, dir := range dirs {
		s := step{number: number, dir: dir}
		eachLine(tb, filepath.Join(dir, "links.jsonl.gz"), func(line []byte) {
			var answer struct {
				ID     string
				Status int
				Body   string
			}
			unmarshal(tb, line, &answer)
			s.answers = append(s.answers, Answer{ID: answer.ID, Status: answer.Status, Body: []byte(answer.Body)})
		})
		var about struct {
			Observed *observed `json:"observed_vs_previous_step"`
		}
		text, err := os.ReadFile(filepath.Join(dir, "step.json"))
		if err != nil {
			tb.Fatal(err)
		}
		unmarshal(tb, text, &about)
		if about.Observed != nil {
			s.seen = *about.Observed
		}
		all = append(all, s)
	}
	return all
}

// listed turns the items of good LIST pages into answers of GET.
func listed(tb testing.TB, s step) []Answer {
	tb.Helper()
	var answers []Answer
	eachLine(tb, filepath.Join(s.dir, "list-pages.jsonl.gz"), func(line []byte) {
		var page struct {
			Status int
			Body   string
		}
		unmarshal(tb, line, &page)
		if page.Status != 200 {
			return
		}
		var list struct{ Items []json.RawMessage }
		unmarshal(tb, []byte(page.Body), &list)
		for _, item := range list.Items {
			var link struct{ ID string }
			unmarshal(tb, item, &link)
			answers = append(answers, Answer{ID: link.ID, Status: 200, Body: item})
		}
	})
	return answers
}

func eachLine(tb testing.TB, file string, do func(line []byte)) {
	tb.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		do(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
}

func unmarshal(tb testing.TB, text []byte, into any) {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		tb.Fatal(err)
	}
}

// replay returns the tables after each step. It shows every step once more,
// with the answers backwards or as LIST gave them. That must change nothing,
// dates included: the recorded copies of a product differ only in the order of prices.
func replay(tb testing.TB, steps []step) []Tables {
	tb.Helper()
	o := New()
	var after []Tables
	for _, s := range steps {
		if err := o.Observe(minute(s.number), s.answers); err != nil {
			tb.Fatal(err)
		}
		after = append(after, o.Tables())

		var again []Answer
		if s.number%2 == 0 { // in turns, because reading bodies is slow under the race detector
			again = listed(tb, s)
		} else {
			again = slices.Clone(s.answers)
			slices.Reverse(again)
		}
		if err := o.Observe(minute(s.number).Add(time.Second), again); err != nil {
			tb.Fatal(err)
		}
		if diff := Diff(after[s.number], o.Tables()); diff != "" {
			tb.Errorf("step %d, shown again:\n%s", s.number, diff)
		}
	}
	return after
}

func TestRecordedCatalogues(t *testing.T) {
	t.Parallel()
	scenarios, err := filepath.Glob(filepath.Join(recordings, "*", "step-00"))
	if err != nil || len(scenarios) < 3 {
		t.Fatalf("only %d recorded catalogues: %v", len(scenarios), err)
	}
	for _, first := range scenarios {
		scenario := filepath.Base(filepath.Dir(first))
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			steps := steps(t, scenario)
			after := replay(t, steps)
			checkLinks(t, steps, after)
			checkEverythingIsThere(t, steps, after)
			for i := 1; i < len(steps); i++ {
				checkObserved(t, steps[i], after[i-1], after[i])
			}
		})
	}
}

// checkLinks follows every link's status by hand.
func checkLinks(t *testing.T, steps []step, after []Tables) {
	t.Helper()
	live := map[string]bool{}
	for i, s := range steps {
		for _, answer := range s.answers {
			switch answer.Status {
			case 200:
				live[answer.ID] = true
			case 404:
				if _, known := live[answer.ID]; known {
					live[answer.ID] = false
				}
			}
		}
		rows := after[i]["checkout_links"]
		if len(rows) != len(live) {
			t.Errorf("step %d: want %d links, got %d", i, len(live), len(rows))
		}
		for _, row := range rows {
			if (row["removed_at"] == nil) != live[*row["id"]] {
				t.Errorf("step %d: link %s: live %t, removed_at %s", i, *row["id"], live[*row["id"]], show(row["removed_at"]))
			}
		}
	}
}
