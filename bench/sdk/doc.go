// Package sdk compares this project's reading of Polar's answers with that of
// Polar's own SDK, on every recorded answer: both see the same, ours reads all
// of them, and everything the SDK drops is listed by name.
//
// Its benchmark compares the cost of reading a link.
package sdk
