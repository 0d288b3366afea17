package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twoSources is a file that the environment cannot describe.
const twoSources = "sources:\n  - {name: a, access_token: x, checkout_link_ids: all}\n  - {name: b, access_token: x, checkout_link_ids: all}\n"

func TestMistakesInTheConfigurationExit2AndAreNamed(t *testing.T) {
	t.Parallel()
	empty := writeFile(t, "empty", " \n")
	for name, test := range map[string]struct {
		set  variables // "-" takes a variable away
		file string
		says string
	}{
		"token and file": {
			variables{"POLAR_ACCESS_TOKEN_FILE": "x"}, "", "POLAR_ACCESS_TOKEN and POLAR_ACCESS_TOKEN_FILE are both set; keep one",
		},
		"token and file in the file": {
			variables{"POLAR_ACCESS_TOKEN": "-"}, "sources: [{name: a, access_token: hunter2, access_token_file: x}]", "access_token and access_token_file are both set; keep one",
		},
		"token file missing":  {variables{"POLAR_ACCESS_TOKEN": "-", "POLAR_ACCESS_TOKEN_FILE": "/there/is/no"}, "", "POLAR_ACCESS_TOKEN_FILE: open /there/is/no: no such file"},
		"token file empty":    {variables{"POLAR_ACCESS_TOKEN": "-", "POLAR_ACCESS_TOKEN_FILE": empty}, "", "POLAR_ACCESS_TOKEN_FILE: " + empty + " is empty"},
		"token file a folder": {variables{"POLAR_ACCESS_TOKEN": "-", "POLAR_ACCESS_TOKEN_FILE": "/"}, "", "POLAR_ACCESS_TOKEN_FILE: read /: is a directory"},
		"no token":            {variables{"POLAR_ACCESS_TOKEN": "-"}, "", "no access token; set POLAR_ACCESS_TOKEN or POLAR_ACCESS_TOKEN_FILE to one with the scope checkout_links:read"},
		"blank token":         {variables{"POLAR_ACCESS_TOKEN": " \n"}, "", "no access token"},
		"no links":            {variables{"POLAR_CHECKOUT_LINK_IDS": "-"}, "", "no checkout links are configured; set POLAR_CHECKOUT_LINK_IDS to their ids, or to `all`"},
		"only commas":         {variables{"POLAR_CHECKOUT_LINK_IDS": " ,, "}, "", "no checkout links are configured"},
		"an id cut short":     {variables{"POLAR_CHECKOUT_LINK_IDS": someID[:35]}, "", "POLAR_CHECKOUT_LINK_IDS: number 1 of 1 is not a checkout link id"},
		"an id as URN":        {variables{"POLAR_CHECKOUT_LINK_IDS": "urn:uuid:" + someID}, "", "is not a checkout link id"},
		"all and an id":       {variables{"POLAR_CHECKOUT_LINK_IDS": "all," + someID}, "", "give `all` alone for every link"},

		"way to fetch":            {variables{"SYNCER_FETCH": "pages"}, "", "SYNCER_FETCH: use auto, list, or id"},
		"all links, each by id":   {variables{"SYNCER_FETCH": "id", "POLAR_CHECKOUT_LINK_IDS": "all"}, "", "SYNCER_FETCH: id asks for known links one by one, but with `all` only LIST can name them; use auto or list, or configure ids"},
		"all by id, in the file":  {variables{"POLAR_CHECKOUT_LINK_IDS": "-"}, "sources: [{name: a, checkout_link_ids: all, fetch: id}]", `source "a": SYNCER_FETCH: id asks for known links`},
		"way to fetch not a text": {variables{"POLAR_*": "-"}, "sources: [{name: a, fetch: [id]}]", "this needs text"},

		"password file missing": {variables{"PGPASSWORD_FILE": "/there/is/no"}, "", "PGPASSWORD_FILE: open /there/is/no: no such file"},
		"password file empty":   {variables{"PGPASSWORD_FILE": empty}, "", "PGPASSWORD_FILE: " + empty + " is empty"},

		"schedule TZ=0":         {variables{"SYNCER_SCHEDULE": "TZ=0"}, "", "SYNCER_SCHEDULE: it cannot be read; use five fields such as"},
		"schedule of 3 fields":  {variables{"SYNCER_SCHEDULE": "* * *"}, "", "it needs 5 fields, but has 3"},
		"schedule never":        {variables{"SYNCER_SCHEDULE": "0 0 31 2 *"}, "", "it never comes"},
		"schedule of seconds":   {variables{"SYNCER_SCHEDULE": "0 */15 * * * *"}, "", "it needs 5 fields, but has 6"},
		"schedule out of range": {variables{"SYNCER_SCHEDULE": "61 * * * *"}, "", "its field 1, minute, cannot be read or is out of range"},
		"schedule in words":     {variables{"SYNCER_SCHEDULE": "@often"}, "", "it begins with @, but not with"},

		"server without https":   {variables{"POLAR_SERVER": "http://polar.example"}, "", "POLAR_SERVER: plain http is for loopback only"},
		"server with a user":     {variables{"POLAR_SERVER": "https://me:hunter2@polar.example"}, "", "a base URL has no user, query or fragment"},
		"server with a query":    {variables{"POLAR_SERVER": "https://polar.example/?a=b"}, "", "a base URL has no user, query or fragment"},
		"server in a word":       {variables{"POLAR_SERVER": "staging"}, "", "neither production, sandbox, nor a base URL such as https://api.polar.sh"},
		"server of another kind": {variables{"POLAR_SERVER": "ftp://polar.example"}, "", "POLAR_SERVER: a base URL begins with https://"},

		"budget in words":    {variables{"SYNCER_REQUESTS_PER_MINUTE": "many"}, "", `SYNCER_REQUESTS_PER_MINUTE: not a whole number`},
		"budget of nothing":  {variables{"SYNCER_REQUESTS_PER_MINUTE": "0"}, "", "SYNCER_REQUESTS_PER_MINUTE 0: use 1 to 1000000"},
		"budget below":       {variables{"SYNCER_REQUESTS_PER_MINUTE": "-1"}, "", "use 1 to 1000000"},
		"budget beyond":      {variables{"SYNCER_REQUESTS_PER_MINUTE": "1000001"}, "", "use 1 to 1000000"},
		"budget in the file": {nil, "sources: [{name: a, requests_per_minute: 0}]", "use 1 to 1000000"},

		"API version":             {variables{"SYNCER_API_VERSION": "latest"}, "", `SYNCER_API_VERSION: use auto, or one of Polar's API versions, a year and a month: 2027-01, 2026-10, 2026-04`},
		"API version in the file": {nil, "sources: [{name: a, api_version: 2026-10-01}]", `SYNCER_API_VERSION: use auto`},

		"http address without port": {variables{"SYNCER_HTTP_ADDR": "localhost"}, "", "SYNCER_HTTP_ADDR: use host:port such as 127.0.0.1:8080, or nothing to turn it off"},
		"schema":                    {nil, "schema: Polar", `schema: use lower-case letters, digits and _`},
		"schema of Postgres":        {nil, "schema: pg_polar", `schema: use lower-case`},
		"schema of views":           {variables{"POLAR_*": "-"}, "sources: [{name: a}, {name: b, schema: polar_bi}]", "schema polar_bi of one source is where the views of the other's schema polar would be"},
		"reader that is everybody":  {variables{"SYNCER_READER_ROLE": "public"}, "", "SYNCER_READER_ROLE: use the name of a role"},
		"reader with a long name":   {variables{"SYNCER_READER_ROLE": strings.Repeat("x", 64)}, "", "at most 63 bytes"},
		"reader that is a secret":   {variables{"SYNCER_READER_ROLE": "polar_oat_hunter2"}, "", "SYNCER_READER_ROLE: use the name of a role"},
		"reader of Postgres":        {nil, "reader_role: pg_monitor", "that Postgres does not keep for itself"},
		"source without name":       {nil, "sources: [{checkout_link_ids: all}]", `source "1": has no name; add`},
		"two sources of a name":     {variables{"POLAR_*": "-"}, strings.ReplaceAll(twoSources, "name: b", "name: a"), `two sources are named "a"`},
		"a mistake in the second":   {variables{"POLAR_*": "-"}, strings.ReplaceAll(twoSources, "b, access_token: x", "b, schedule: x"), `source "b": SYNCER_SCHEDULE: it needs 5 fields`},
		"no token in the second":    {variables{"POLAR_*": "-"}, strings.ReplaceAll(twoSources, "b, access_token: x", "b"), `source "b": no access token`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(nowhere)
			for variable, value := range test.set {
				switch {
				case variable == "POLAR_*":
					maps.DeleteFunc(env, func(name, _ string) bool { return strings.HasPrefix(name, "POLAR_") })
				case value == "-":
					delete(env, variable)
				default:
					env[variable] = value
				}
			}
			if test.file != "" {
				env["SYNCER_CONFIG"] = writeFile(t, "syncer.yaml", test.file)
			}
			for _, command := range []string{"run", "backfill"} {
				p := once(t, env, exitUsage, command).saying("syncer: ", test.says)
				if strings.Contains(p.stderr.String(), hunter2) {
					t.Errorf("shows a secret:\n%s", p)
				}
			}
		})
	}
}

func TestTheEnvironmentCannotDescribeOneOfSeveralSources(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "syncer.yaml", twoSources)
	for _, variable := range sourceVariables {
		env := variables{"SYNCER_CONFIG": file, "SYNCER_HTTP_ADDR": "127.0.0.1:0", variable: "1"}
		once(t, env, exitUsage, "run").saying(variable+" describes one source, but "+file+" holds 2", "unset it, or keep one source in the file")
	}
}

func TestATokenFileIsFoundBesideTheConfiguration(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "syncer.yaml")
	for name, content := range map[string]string{
		"token": " " + testToken + "\n", "syncer.yaml": "sources: [{name: a, access_token_file: token}]",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := loadConfig(path, variables{}.lookup)
	if err != nil {
		t.Fatal(err)
	}
	if got := tokenOf(c); got != testToken {
		t.Errorf("token %q", got)
	}
}
