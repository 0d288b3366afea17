package panics_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"syncer/internal/panics"
)

func TestAPanicIsAnErrorWithItsStack(t *testing.T) {
	t.Parallel()
	err := panics.Catch(func() error { panic("boom") })
	e, ok := errors.AsType[*panics.Error](err)
	if !ok || err.Error() != "panic: boom" || !strings.Contains(string(e.Stack), "TestAPanicIsAnErrorWithItsStack") {
		t.Errorf("%v, %+v", err, e)
	}
	if err := panics.Catch(func() error { panic(io.EOF) }); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	for _, want := range []error{nil, io.EOF} {
		if err := panics.Catch(func() error { return want }); err != want { //nolint:errorlint // the very same
			t.Error(err)
		}
	}
}
