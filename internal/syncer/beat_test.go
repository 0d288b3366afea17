package syncer

import (
	"context"
	"errors"
	"testing"
	"time"

	"syncer/internal/panics"
)

// TestAPanicOfTheBeatEndsTheRun gives a pass a beat that cannot but panic.
func TestAPanicOfTheBeatEndsTheRun(t *testing.T) {
	t.Parallel()
	p := &pass{Syncer: &Syncer{BeatEvery: time.Millisecond}}
	err := p.whileHeld(t.Context(), func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if _, ok := errors.AsType[*panics.Error](err); !ok {
		t.Errorf("ended with %v", err)
	}
}
