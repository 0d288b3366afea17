package fetchtest_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"syncer/internal/fetch/fetchtest"
)

func TestEditChangesThePlaceAndNothingElse(t *testing.T) {
	t.Parallel()
	const body = `{"n":1.50,"list":[{"a":1e3},{"a":"\u00e9","b":null}],"o":{}}`
	for _, row := range []struct{ text, want string }{
		{``, body},
		{`n 2.0`, `{"n":2.0,"list":[{"a":1e3},{"a":"\u00e9","b":null}],"o":{}}`},
		{`list[1].a {"x": [1]}`, `{"n":1.50,"list":[{"a":1e3},{"a":{"x": [1]},"b":null}],"o":{}}`},
		{`list[*].a -7`, `{"n":1.50,"list":[{"a":-7},{"a":-7,"b":null}],"o":{}}`},
		{`list[*].b 1`, `{"n":1.50,"list":[{"a":1e3,"b":1},{"a":"\u00e9","b":1}],"o":{}}`},
		{`o.new.deep 1`, ``},
		{"o.new {}\no.new.deep 1", `{"n":1.50,"list":[{"a":1e3},{"a":"\u00e9","b":null}],"o":{"new":{"deep":1}}}`},
		{"n -\n\n# gone, too\no -", `{"list":[{"a":1e3},{"a":"\u00e9","b":null}]}`},
		{`list[0] -`, `{"n":1.50,"list":[{"a":"\u00e9","b":null}],"o":{}}`},
		{`list[*].b -`, `{"n":1.50,"list":[{"a":1e3},{"a":"\u00e9"}],"o":{}}`},
	} {
		got, err := fetchtest.Edit([]byte(body), row.text)
		if (err == nil) != (row.want != "") || err == nil && string(got) != row.want {
			t.Errorf("%q: %s, %v", row.text, got, err)
		}
	}
}

func TestEditSaysWhichLineIsWrongAndWhy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a 1\nb":            `line 2, b: a path and a value expected`,
		"a nul":             `line 1, a nul: the value is neither JSON nor -, which takes a key away: `,
		"a 1 2":             `line 1, a 1 2: "2" behind the value`,
		"a - -":             `line 1, a - -: "-" behind the value`,
		"a 1\n \nlist[7] 1": `line 3, list[7] 1: there is no such place in {"a":1,"list":[]}`,
		"list[*].a 1":       `line 1, list[*].a 1: there is no such place in `,
		"gone -":            `line 1, gone -: there is no such place in `,
	} {
		if _, err := fetchtest.Edit([]byte(`{"a":0,"list":[]}`), text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v\n want %s", text, err, want)
		}
	}
}

func TestOverlayShowsInGETAndInEveryListFromItsStep(t *testing.T) {
	t.Parallel()
	s := fetchtest.Start(t, "seed-ads")
	ids := s.LinkIDs()
	first, recorded := ask(t, s, links+ids[0]).body, ask(t, s, links+"?limit=100").body
	s.Overlay(strings.ToUpper(ids[0]) + ` label "one" 1`)
	if got := ask(t, s, links+"?limit=100").body; got != recorded {
		t.Error("LIST shows a change before its step")
	}
	s.Next()
	want := editing(t, first, `label "one"`)
	s.Overlay("3 label -\n* brand_new 1e2")
	for i, id := range ids {
		body := ask(t, s, links+id).body
		for _, query := range []string{"?limit=1&page=" + strconv.Itoa(i+1), "?limit=100"} {
			items := parse[page](t, ask(t, s, links+query).body).Items
			if got := string(items[i%len(items)]); got != body {
				t.Errorf("link %d: LIST %s shows %.200s\nGET %.200s", i, query, got, body)
			}
		}
		if strings.Contains(body, `"label"`) != (i != 3) || !strings.HasSuffix(body, `,"brand_new":1e2}`) {
			t.Errorf("link %d: %s", i, body)
		}
	}
	if got := ask(t, s, links+ids[0]).body; got != editing(t, want, `brand_new 1e2`) {
		t.Errorf("GET shows %.300s", got)
	}
	s.Reset()
	if got := ask(t, s, links+ids[0]).body; got != first {
		t.Errorf("after Reset GET shows %.300s", got)
	}
}

func editing(t *testing.T, body, text string) string {
	t.Helper()
	changed, err := fetchtest.Edit([]byte(body), text)
	if err != nil {
		t.Fatal(err)
	}
	return string(changed)
}

func TestOverlayRefusesLinesThatChangeNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0 label":           "line 1, 0 label: a path and a value expected",
		"0 label 1 soon":    `line 1, 0 label 1 soon: strconv.Atoi: parsing "soon": invalid syntax`,
		unknown + " a 1":    "line 1, " + unknown + " a 1: no link of step 0 has such a place",
		"* a 1\n3 label 1":  "line 2, 3 label 1: no link of step 0 has such a place",
		"* products[0].a 1": "line 1, * products[0].a 1: no link of step 0 has such a place",
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != "fetchtest: overlay: "+want {
					t.Errorf("%q: %s\n want %s", text, got, want)
				}
			}()
			abc(t).Overlay(text)
		}()
	}
}
