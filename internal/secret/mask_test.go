package secret_test

import (
	"encoding/json"
	"strings"
	"testing"

	"syncer/internal/secret"
)

func TestMaskKnowsSecretsByTheirKind(t *testing.T) {
	t.Parallel()
	const tail = "NOTASECRETNOTASECRETNOTASECRET"
	for text, want := range map[string]string{
		"token polar_oat_" + tail + ".":                    "token [hidden].",
		"polar_pat_x polar_at_u_x polar_at_o_x polar_rt_x": "[hidden] [hidden] [hidden] [hidden]",
		"https://buy.polar.sh/polar_cl_" + tail + "?x=1":   "https://buy.polar.sh/[hidden]?x=1",
		`{"client_secret":"polar_cl_` + tail + `"}`:        `{"client_secret":"[hidden]"}`,

		"cut polar_cl_":                  "cut [hidden]",
		"whsec_ab+/c= polar_whs_" + tail: "[hidden] [hidden]",

		"sk_live_" + tail + " rk_test_" + tail + " ask_live_x":    "[hidden] [hidden] ask_live_x",
		"of tomorrow: polar_mst_" + tail + ", polar_x_y_" + tail:  "of tomorrow: [hidden], [hidden]",
		"schema polar_sandbox_of_tomorrow, POLAR_ACCESS_TOKEN":    "schema polar_sandbox_of_tomorrow, POLAR_ACCESS_TOKEN",
		"postgres://me:hunter2@host/db?sslmode=require":           "postgres://[hidden]@host/db?sslmode=require",
		`postgress://me:hun@hun/ter2@host/db`:                     `postgress://[hidden]@host/db`,
		"postgres:/me:hunter2@host":                               "postgres:/[hidden]@host",
		"http://:hunter2@proxy:1 and me@example.com":              "http://[hidden]@proxy:1 and me@example.com",
		"postgres://me@host:5432/db http://127.0.0.1:80/a":        "postgres://me@host:5432/db http://127.0.0.1:80/a",
		"host=a password=hunter2 user=b":                          "host=a password=[hidden] user=b",
		"host=a password = 'hun ter2' user=b":                     "host=a password = [hidden] user=b",
		"postgres://host/db?user=me&PGPASSWORD=hunter2&sslmode=x": "postgres://host/db?user=me&PGPASSWORD=[hidden]&sslmode=x",
	} {
		if got := secret.Mask(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestMaskedJSONStaysJSON(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"polar_oat_x", "whsec_x", `postgres://me:hun"ter2@host/db`, "password=hunter2", `password='hun"ter2'`, `a\password=hunter2\`, `postgres://me:hunter2\`,
	} {
		encoded, err := json.Marshal(map[string]string{"error": value, "next": "me@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		masked := secret.Mask(string(encoded))
		var back map[string]string
		if err := json.Unmarshal([]byte(masked), &back); err != nil || back["next"] != "me@example.com" {
			t.Errorf("%s: %v", masked, err)
		}
		if strings.Contains(back["error"], "ter2") && strings.Contains(back["error"], "@") {
			t.Errorf("shows %s", masked)
		}
	}
}
