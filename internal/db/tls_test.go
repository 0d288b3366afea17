package db

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestOnlyVerifiedTLSGoesOverTheNetwork(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"postgres://u@/db?host=/tmp":                       false,
		"postgres://u@localhost/db":                        false,
		"postgres://u@127.0.0.1/db?sslmode=disable":        false,
		"postgres://u@[::1]/db":                            false,
		"postgres://u@10.0.0.1/db":                         true,
		"postgres://u@db.example/db?sslmode=disable":       true,
		"postgres://u@db.example/db?sslmode=prefer":        true,
		"postgres://u@db.example/db?sslmode=require":       true,
		"postgres://u@db.example/db?sslmode=verify-ca":     false,
		"postgres://u@db.example/db?sslmode=verify-full":   false,
		"postgres://u@localhost,db.example/db":             true,
		"postgres://u@a.x,b.x/db?sslmode=verify-full":      false,
		"host=db.example user=u sslmode=require dbname=db": true,
	} {
		c, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		if got := unverified(c); got != want {
			t.Errorf("%s: unverified %v, want %v", url, got, want)
		}
	}
}
