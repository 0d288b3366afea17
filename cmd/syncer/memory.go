package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// smallHeap is enough for the pages under way and a hundred thousand links; the
	// program's own code and the runtime come on top of it.
	smallHeap = 36 << 20
	// heapGrowth lets garbage grow to four times of what is alive before it is
	// collected, while that stays within smallHeap.
	heapGrowth = 400
	// heapCheck is how often it is looked whether more is needed.
	heapCheck = 500 * time.Millisecond
)

// keepSmall bounds memory rather than the work of collecting garbage, as long as
// what is alive leaves room. GOGC and GOMEMLIMIT in the environment win. The
// result ends it.
func keepSmall() (stop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	debug.SetGCPercent(heapGrowth)
	debug.SetMemoryLimit(smallHeap)
	ticker := time.NewTicker(heapCheck)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		alive := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			metrics.Read(alive)
			debug.SetMemoryLimit(max(smallHeap, 2*int64(alive[0].Value.Uint64()))) //nolint:gosec // bytes of memory fit
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		<-ended
	}
}
