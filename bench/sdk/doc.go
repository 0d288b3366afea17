// Package sdk holds this project's reading of Polar's answers against that of
// Polar's own SDK, on every recorded answer: both see the same, ours reads all
// of them, and what the SDK drops is known by name.
//
// Its benchmark tells what reading a link costs either way.
package sdk
