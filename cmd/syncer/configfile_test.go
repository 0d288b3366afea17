package main

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
)

// hunter2 is a secret on the faulty line.
const hunter2 = "hunter2"

func TestAFileWithAMistakeIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		line int    // 0: unknown
		key  string // the line's, as shown
		says string
	}{
		"unknown key":             {"http_addr: x\nacess_token: hunter2", 2, "acess_token:", `unknown field "acess_token"`},
		"unknown key of a source": {"sources:\n  - name: a\n    acess_token: hunter2", 3, "acess_token:", `unknown field "acess_token"`},
		"key of the other level":  {"access_token: hunter2", 1, "access_token:", `unknown field "access_token"`},
		"same key twice":          {"database_url: hunter2\ndatabase_url: hunter2", 2, "database_url:", "already defined at [1:1]"},

		"text for a number":       {"sources:\n- name: a\n  requests_per_minute: hunter2", 3, "requests_per_minute:", "this needs a whole number"},
		"number too large":        {"sources:\n- name: a\n  requests_per_minute: 99999999999999999999", 3, "requests_per_minute:", "the number is too large"},
		"list for a text":         {"http_addr: [hunter2]", 1, "http_addr:", "this needs text"},
		"list for a secret":       {"database_url: [hunter2]", 1, "database_url:", "this needs text"},
		"list for a secret below": {"sources:\n- name: a\n  access_token:\n  - hunter2", 4, "", "this needs text"},
		"map for a secret":        {"database_url: {a: hunter2}", 1, "database_url:", "this needs text"},
		"map for ids":             {"sources:\n- name: a\n  checkout_link_ids: {a: hunter2}", 3, "checkout_link_ids:", "sequence is expected"},
		"map in ids":              {"sources:\n- name: a\n  checkout_link_ids:\n  - a: hunter2", 4, "- a:", "this needs text"},
		"text for a list":         {"sources: hunter2", 1, "sources:", "string was used where sequence is expected"},
		"map for a list":          {"sources:\n  name: hunter2", 2, "name:", "mapping was used where sequence is expected"},
		"a text alone":            {"hunter2", 1, "", "string was used where mapping is expected"},
		"a list alone":            {"- hunter2", 1, "", "sequence was used where mapping is expected"},

		"indented by a tab":      {"sources:\n\t- name: hunter2", 2, "- name:", "found character '\t' that cannot start any token"},
		"value without its key":  {"http_addr: x\nhunter2", 2, "", "non-map value is specified"},
		"colon in a value":       {"database_url: hunter2: x", 1, "database_url:", "mapping value is not allowed"},
		"quote without its end":  {"http_addr: x\ndatabase_url: \"hunter2\nschema: x", 2, "database_url:", "could not find end character of double-quoted text"},
		"star before a value":    {"database_url: *hunter2", 1, "database_url:", "a value that begins with * needs quotes"},
		"at before a value":      {"database_url: @hunter2", 1, "database_url:", "'@' is a reserved character"},
		"percent before a value": {"database_url: %hunter2", 1, "database_url:", "unexpected directive value"},
		"indented too far":       {"schema: x\n  database_url: hunter2", 1, "schema:", "mapping value is not allowed"},
		"line ends of Windows":   {"http_addr: x\r\nfoo: hunter2\r\n", 2, "foo:", `unknown field "foo"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := writeFile(t, "syncer.yaml", test.file)
			_, err := readFile(path)
			if err == nil {
				t.Fatal("no error")
			}
			place, line, _ := strings.Cut(err.Error(), "\n")
			if want := fmt.Sprintf("configuration: %s:%d: ", path, test.line); !strings.HasPrefix(place, want) || !strings.Contains(place, test.says) {
				t.Errorf("got  %s\nwant %s … %s", place, want, test.says)
			}
			if want := fmt.Sprintf("%6d | %s …", test.line, test.key); test.key == "" && line != "" || test.key != "" && noIndent(line) != noIndent(want) {
				t.Errorf("shows %q, want the key %q", line, test.key)
			}
			if strings.Contains(err.Error(), hunter2) || strings.Contains(err.Error(), "9999") {
				t.Errorf("shows the value: %v", err)
			}
		})
	}
}

// noIndent drops white space: indentation does not matter here.
func noIndent(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

func TestAFileMaySayLittle(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"empty": "", "only a comment": "# nothing yet\n", "only a start": "---\n", "empty list": "sources: []",
		"byte order mark": "\ufeffhttp_addr: 127.0.0.1:8080", "empty values": "http_addr:\nschema:\nsources:\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(writeFile(t, "syncer.yaml", file), variables{}.lookup)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Sources) != 1 || c.Sources[0].Name != "default" || c.HTTPAddr != "127.0.0.1:8080" {
				t.Errorf("not the defaults: %+v", c)
			}
		})
	}
}

func TestIdsCanBeWrittenInManyWays(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"list":             "[" + otherID + ", " + someID + "]",
		"block list":       "\n    - " + otherID + "\n    - " + someID,
		"text with commas": someID + "," + otherID,
		"text with spaces": someID + "  " + otherID,
		"block text":       "|\n      " + someID + "\n      " + otherID,
		"folded text":      ">\n      " + someID + "\n      " + otherID,
		"each twice":       "[" + someID + ", " + otherID + ", " + strings.ToUpper(someID) + ", " + strings.ReplaceAll(otherID, "-", "") + "]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := loadConfig(writeFile(t, "syncer.yaml", "sources:\n  - name: a\n    checkout_link_ids: "+value), variables{}.lookup)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(c.Sources[0].All, c.Sources[0].IDs), "false ["+someID+" "+otherID+"]"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	for _, value := range []string{"all", "[all]", `"all"`, "\n    - all"} {
		c, err := loadConfig(writeFile(t, "syncer.yaml", "sources:\n  - name: a\n    checkout_link_ids: "+value), variables{}.lookup)
		if err != nil || !c.Sources[0].All || len(c.Sources[0].IDs) > 0 {
			t.Errorf("%s: %+v, %v", value, c.Sources, err)
		}
	}
}
