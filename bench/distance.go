package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"syncer/bench/relay"
)

// distance is how long the way to what a program works with is, there and back.
type distance struct{ database, api time.Duration }

// Far things are as far as in one data centre, and as Polar is from there.
const (
	farDatabase = time.Millisecond
	farAPI      = 50 * time.Millisecond
)

// user is the role that localpg's servers have.
const user = "syncer"

// relay makes the way to the database as long as it is to be. What the relay
// itself and the kernel's timers take is part of it, see calibrate.
func (l *lab) relay(ctx context.Context, roundTrip time.Duration) (*relay.Relay, error) {
	return relay.Start(ctx, relay.Options{Socket: l.socket, RoundTrip: max(0, roundTrip-l.late)})
}

// calibrate finds out how long the ways are: without a relay, and with one, once
// it makes up for what it is late.
func (l *lab) calibrate(ctx context.Context) (err error) {
	if l.near, err = roundTrip(ctx, l.postgres.URL(migrated)); err != nil {
		return err
	}
	for range 2 {
		r, err := l.relay(ctx, farDatabase)
		if err != nil {
			return err
		}
		l.far, err = roundTrip(ctx, r.URL(user, migrated))
		if err := errors.Join(err, r.Stop()); err != nil {
			return err
		}
		if l.late == 0 {
			l.late = l.far - farDatabase
		}
	}
	return nil
}

// roundTrip is how long a statement takes that does nothing.
func roundTrip(ctx context.Context, url string) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var took [200]time.Duration
	for i := range took {
		began := time.Now()
		if err := conn.Ping(ctx); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took[:])
	return took[len(took)/2], nil
}
