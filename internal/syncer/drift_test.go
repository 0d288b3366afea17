package syncer

import "testing"

func TestASampleOfDriftHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ path, sample, want string }{
		{"products[].webhook_secret", `"abc"`, "[hidden]"},
		{"label", `"polar_cl_NOTASECRET"`, "[hidden]"},
		{"label", `"plain"`, `"plain"`},
		{"amount", `1.10`, `1.10`},
		{"embed", `{"a":[{"client_secret":"abc","n":1.10}]}`, `{"a":[{"client_secret":"[hidden]","n":1.10}]}`},
		{"embed", `{"a":[["polar_cl_NOTASECRET",null]],"b":"plain"}`, `{"a":[["[hidden]",null]],"b":"plain"}`},
		{"embed", `[{"Token":{"deep":["abc"]}}]`, `[{"Token":"[hidden]"}]`},
		{"embed", `{"broken`, "[hidden]"},
		{"empty", "", ""},
	} {
		if got := mask(test.path, test.sample); got != test.want {
			t.Errorf("%s = %s: kept as %s, want %s", test.path, test.sample, got, test.want)
		}
	}
}
