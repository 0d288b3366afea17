package schedule

// LocalBy is Local by a clock of the test's.
var LocalBy = local
