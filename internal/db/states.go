package db

// The states of a run, in sync_runs.status.
const (
	Running   = "running"
	Succeeded = "succeeded" // all links in place
	Partial   = "partial"   // some links failed, the others are in place
	Failed    = "failed"    // stopped early
	Abandoned = "abandoned" // stopped from outside, or taken over
)

// What happened to a row, in changes.op.
const (
	Insert  = "insert"
	Update  = "update"
	Remove  = "remove"  // marked as gone, or deleted from a join table
	Restore = "restore" // back after being gone
)
