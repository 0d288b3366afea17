package main

import (
	"strings"
	"testing"
)

// straySecrets are values that end up in the wrong variable. What they hold beside
// testToken, testPassword and linkSecret shows its kind.
var straySecrets = []string{
	testToken,
	"polar_oat_NOTASECRET" + testToken,
	"postgres://u:" + testPassword + "@127.0.0.1:1/db",
	"postgress://u:" + testPassword + "@127.0.0.1:1/db?sslmode=disable",
	"postgres:/u:" + testPassword + "@127.0.0.1:1/db?sslmode=disable",
	"https://buy.polar.sh/polar_cl_NOTASECRET",
	"host=127.0.0.1 port=1 password=" + testPassword + " " + testToken,
}

// wantNothingShown checks what a command said for any of the stray secrets.
func wantNothingShown(tb testing.TB, code int, said string) {
	tb.Helper()
	noSecrets(tb, said)
	if code != exitUsage || strings.Contains(said, "polar_oat_") || !strings.Contains(said, "syncer: ") {
		tb.Errorf("exit %d:\n%s", code, said)
	}
}

func TestAStraySecretIsNeverShown(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{
		"DATABASE_URL", "POLAR_SERVER", "POLAR_CHECKOUT_LINK_IDS", "SYNCER_SCHEDULE", "SYNCER_FETCH", "SYNCER_HTTP_ADDR",
		"SYNCER_REQUESTS_PER_MINUTE", "SYNCER_KEEP_CHANGES_DAYS", "SYNCER_CONFIG", "POLAR_ACCESS_TOKEN_FILE", "PGPASSWORD_FILE",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			for _, secret := range straySecrets {
				env := nowhere.with(variable, secret)
				if variable == "POLAR_ACCESS_TOKEN_FILE" {
					env = env.without("POLAR_ACCESS_TOKEN")
				}
				if variable == "DATABASE_URL" && strings.HasPrefix(secret, "postgres://") || variable == "POLAR_SERVER" && strings.HasPrefix(secret, "https://") {
					continue // it is right here
				}
				code, said := inside(t, env, "backfill")
				wantNothingShown(t, code, said)
				if name, _, _ := strings.Cut(strings.TrimPrefix(said, "syncer: "), ":"); variable != "SYNCER_CONFIG" && !strings.Contains(said, variable) {
					t.Errorf("does not name %s: %s", variable, name)
				}
			}
		})
	}
}

func TestAStraySecretOnTheCommandLineIsNeverShown(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"*", "run *", "status *", "doctor *", "drift *", "health *", "version *", "migrate *", "migrate up *", "demo *", "completion *", "completion bash *",
		"backfill *", "explain *", "explain " + someID + " *",
		"backfill --source *", "run --log-level *", "run --log-format *", "run --config *", "run --json=*", "status --runs *", "explain --changes=*", "demo --every *",
		"run -x*", "run --=*",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			for _, secret := range straySecrets {
				args := strings.Fields(line)
				for i := range args {
					args[i] = strings.ReplaceAll(args[i], "*", secret)
				}
				code, said := inside(t, nowhere, args...)
				if line == "explain "+someID+" *" && code != exitUsage {
					t.Errorf("exit %d", code)
				}
				wantNothingShown(t, code, said)
			}
		})
	}
}

// TestAStraySecretForLibpqIsNotShown: pgx reads these itself, so only kinds are known.
func TestAStraySecretForLibpqIsNotShown(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGSSLMODE", "PGSSLROOTCERT", "PGAPPNAME", "PGOPTIONS", "PGPASSFILE"} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			for _, secret := range []string{"polar_oat_NOTASECRET", "https://buy.polar.sh/polar_cl_NOTASECRET", "postgres://u:" + testPassword + "@127.0.0.1:1/db"} {
				env := nowhere.without("DATABASE_URL").with("PGHOST", "127.0.0.1", "PGPORT", "1").with(variable, secret)
				p := start(t, env, "status")
				if code := p.wait(); code != exitUsage && code != exitDatabase || strings.Contains(p.String(), "polar_oat_") {
					t.Errorf("exit %d: %s", code, p)
				}
			}
		})
	}
}

func TestALinksURLIsNoID(t *testing.T) {
	t.Parallel()
	const says = "number 2 of 2 is a link's URL or client secret, not its id"
	_, said := inside(t, nowhere.with("POLAR_CHECKOUT_LINK_IDS", someID+",https://buy.polar.sh/polar_cl_NOTASECRET"), "run")
	if !strings.Contains(said, "POLAR_CHECKOUT_LINK_IDS: "+says) || !strings.Contains(said, "`id` beside `url` in Polar's GET /v1/checkout-links/") {
		t.Error(said)
	}
	_, said = inside(t, nowhere, "backfill", someID, "polar_cl_NOTASECRET")
	if !strings.Contains(said, says) {
		t.Error(said)
	}
	_, said = inside(t, nowhere.with("SYNCER_CONFIG", writeFile(t, "syncer.yaml", "sources: [{name: a, checkout_link_ids: [x, 'https://buy.polar.sh/polar_cl_NOTASECRET']}]")).without("POLAR_CHECKOUT_LINK_IDS"), "run")
	if !strings.Contains(said, "number 1 of 2 is not a checkout link id") {
		t.Error(said)
	}
}

func TestWhatIsNoneOfTheTokenIsNamed(t *testing.T) {
	t.Parallel()
	for token, says := range map[string]string{
		`"` + testToken + `"`:           "at position 1 of the token is a quote",
		"'" + testToken + "'":           "at position 1 of the token is a quote",
		"“" + testToken + "”":           "at position 1 of the token is a quote",
		"\ufeff" + testToken:            "at position 1 of the token is a byte order mark",
		"\xff\xfet\x00h\x00":            "at position 1 of the token is a byte order mark, or it is not UTF-8",
		"\u00a0" + testToken:            "at position 1 of the token is the character U+00A0, which may be invisible",
		testToken + "\u200b":            "at position 25 of the token is the character U+200B",
		"Bearer " + testToken:           "at position 7 of the token is the character U+0020",
		testToken + "\n" + testPassword: "at position 25 of the token is the character U+000A",
	} {
		inFile := "POLAR_ACCESS_TOKEN_FILE: "
		for where, env := range map[string]variables{
			"POLAR_ACCESS_TOKEN: ": nowhere.with("POLAR_ACCESS_TOKEN", token),
			inFile:                 nowhere.without("POLAR_ACCESS_TOKEN").with("POLAR_ACCESS_TOKEN_FILE", writeFile(t, "token", token+"\n")),
		} {
			code, said := inside(t, env, "run")
			if code != exitUsage || !strings.Contains(said, where+says) {
				t.Errorf("%q: exit %d, %s", token, code, said)
			}
		}
	}
	env := nowhere.without("POLAR_ACCESS_TOKEN").with("SYNCER_CONFIG", writeFile(t, "syncer.yaml", `sources: [{name: a, access_token: '"`+testToken+`"'}]`))
	if _, said := inside(t, env, "run"); !strings.Contains(said, "access_token: at position 1 of the token is a quote") {
		t.Error(said)
	}
}

// TestEveryVariableIsTrimmed puts white space around all that a process needs.
func TestEveryVariableIsTrimmed(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "alpha")
	env := p.all().with("SYNCER_FETCH", "auto", "SYNCER_SCHEDULE", "@hourly", "SYNCER_REQUESTS_PER_MINUTE", "400", "SYNCER_KEEP_CHANGES_DAYS", "0",
		"SYNCER_CONFIG", writeFile(t, "syncer.yaml", "schema: polar"))
	for name, value := range env {
		env[name] = " " + value + "\r\n"
	}
	once(t, env, exitDone, "backfill")
	libpq := env.without("DATABASE_URL").with("PGHOST", " 127.0.0.1 ", "PGPORT", " 1\n", "PGUSER", "\tme\n", "PGDATABASE", " db\n")
	once(t, libpq, exitDatabase, "status").saying("user=me database=db", "127.0.0.1:1")
}

func TestABadWayToLogIsRefusedBeforeAnythingIsOpened(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"run", "backfill", "status", "explain " + someID, "doctor", "dictionary", "drift", "migrate", "migrate status", "health", "version", "demo"} {
		for flag, says := range map[string]string{
			"--log-level=loud": "syncer: --log-level: use debug, info, warn or error\n", "--log-format=xml": "syncer: --log-format: use auto, text or json\n",
		} {
			code, said := inside(t, nowhere, append(strings.Fields(line), flag)...)
			if code != exitUsage || said != says {
				t.Errorf("%s %s: exit %d, %s", line, flag, code, said)
			}
		}
	}
}
