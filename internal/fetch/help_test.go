package fetch_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"syncer/internal/fetch"
	"syncer/internal/fetch/fetchtest"
	"syncer/internal/fetch/wire"
	"syncer/internal/secret"
)

// newClient asks s, and is quick to try again.
func newClient(tb testing.TB, s *fetchtest.Server, change ...func(*fetch.Config)) *fetch.Client {
	tb.Helper()
	server, err := url.Parse(s.URL)
	if err != nil {
		tb.Fatal(err)
	}
	config := fetch.Config{
		Server: server, Token: fetch.FixedToken(secret.New(s.Token())), UserAgent: "test", Backoff: time.Millisecond,
	}
	for _, c := range change {
		c(&config)
	}
	client := fetch.New(config)
	tb.Cleanup(client.Close)
	return client
}

func ids(tb testing.TB, texts ...string) []uuid.UUID {
	tb.Helper()
	all := make([]uuid.UUID, len(texts))
	for i, text := range texts {
		id, err := uuid.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		all[i] = id
	}
	return all
}

// step is what a recorded catalogue answered at a step.
func step(tb testing.TB, scenario string, i int) []fetchtest.Answer {
	tb.Helper()
	links, err := loadStep(scenario, i)
	if err != nil {
		tb.Fatal(err)
	}
	return links
}

func loadStep(scenario string, i int) ([]fetchtest.Answer, error) {
	rec, err := fetchtest.Load(scenario)
	if err != nil {
		return nil, err
	}
	s, err := rec.Step((i + rec.Len()) % rec.Len()) // from the end when negative
	if err != nil {
		return nil, err
	}
	return s.Links, nil
}

// recorded are the bodies of whole catalogues, of each the first and the last
// step, the shortest first.
func recorded(tb testing.TB) [][]byte {
	tb.Helper()
	bodies, err := bodiesOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return bodies
}

var bodiesOnce = sync.OnceValues(func() (bodies [][]byte, err error) {
	for _, scenario := range fetchtest.Scenarios() {
		for _, i := range []int{0, -1} {
			links, err := loadStep(scenario, i)
			if err != nil {
				return nil, err
			}
			for _, link := range links {
				if link.Status == http.StatusOK {
					bodies = append(bodies, link.Body)
				}
			}
		}
	}
	slices.SortStableFunc(bodies, func(a, b []byte) int { return len(a) - len(b) })
	return bodies, nil
})

// object is a JSON object, its numbers as json.Number.
type object = map[string]any

func parse(tb testing.TB, body []byte) object {
	tb.Helper()
	v, err := parseAny(body)
	o, ok := v.(object)
	if err != nil || !ok {
		tb.Fatalf("parse %.100q: %v", body, err)
	}
	return o
}

func parseAny(body []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func text(tb testing.TB, v any) []byte {
	tb.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// A trail leads from a link to something in it: keys and indices.
type trail []any

func (tr trail) String() string { return tr.format(true) }

// note is the trail as in a wire.Note.
func (tr trail) note() string { return tr.format(false) }

func (tr trail) format(indices bool) string {
	var b strings.Builder
	for _, s := range tr {
		switch s := s.(type) {
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s)
		case int:
			if indices {
				b.WriteString("[" + strconv.Itoa(s) + "]")
			} else {
				b.WriteString("[]")
			}
		}
	}
	return b.String()
}

// in follows the trail through a JSON value.
func (tr trail) in(v any) any {
	for _, s := range tr {
		switch s := s.(type) {
		case string:
			v = v.(object)[s]
		case int:
			v = v.([]any)[s]
		}
	}
	return v
}

// inLink follows the trail through a decoded link.
func (tr trail) inLink(link *fetch.CheckoutLink) reflect.Value {
	v := reflect.ValueOf(link).Elem()
	for _, s := range tr {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		switch s := s.(type) {
		case string:
			v = v.FieldByName(fieldOf(v.Type(), s).name)
		case int:
			v = v.Index(s)
		}
	}
	return v
}

func (tr trail) to(steps ...any) trail { return append(slices.Clone(tr), steps...) }

// field is a field of one of the structs of package fetch.
type field struct {
	name     string // in Go
	key      string // in JSON
	typ      reflect.Type
	optional bool
	nonnull  bool
	enum     []string
}

// fields are what the tags of a struct say.
func fields(t reflect.Type) (all []field) {
	for sf := range t.Fields() {
		key, options, _ := strings.Cut(sf.Tag.Get("wire"), ",")
		if key == "" {
			continue
		}
		f := field{name: sf.Name, key: key, typ: sf.Type}
		f.optional = slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Map}, sf.Type.Kind()) || f.ignored()
		for option := range strings.SplitSeq(options, ",") {
			f.nonnull = f.nonnull || option == "nonnull"
			if list, ok := strings.CutPrefix(option, "enum="); ok {
				f.enum = strings.Split(list, "|")
			}
		}
		all = append(all, f)
	}
	return all
}

func (f field) ignored() bool { return f.typ == reflect.TypeFor[wire.Ignored]() }

func fieldOf(t reflect.Type, key string) field {
	all := fields(t)
	return all[slices.IndexFunc(all, func(f field) bool { return f.key == key })]
}

// inner is the struct that a field or its elements hold, nil for none.
func (f field) inner() reflect.Type {
	t := f.typ
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && len(fields(t)) > 0 {
		return t
	}
	return nil
}

// A place is an object within one of the bodies.
type place struct {
	body  int
	owner reflect.Type
	at    trail
}

// places finds every object in a link.
func places(link object, visit func(owner reflect.Type, o object, at trail)) {
	var find func(t reflect.Type, v any, at trail)
	find = func(t reflect.Type, v any, at trail) {
		switch v := v.(type) {
		case object:
			visit(t, v, at)
			for _, f := range fields(t) {
				if inner := f.inner(); inner != nil {
					find(inner, v[f.key], at.to(f.key))
				}
			}
		case []any:
			for i, element := range v {
				find(t, element, at.to(i))
			}
		}
	}
	find(reflect.TypeFor[fetch.CheckoutLink](), link, nil)
}
