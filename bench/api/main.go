// Command api is the benchmark's organization on loopback. It prints its URL,
// serves until its standard input ends, and answers three more requests than
// Polar: GET /ids, GET /served and POST /change, see below.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"syncer/internal/fetch/fetchtest/clones"
)

func main() {
	links := flag.Int("links", 10_000, "how many links the organization has")
	delay := flag.Duration("delay", 0, "wait before every answer, as a network has it")
	flag.Parse()
	if err := serve(*links, *delay); err != nil {
		log.Fatalln("api:", err)
	}
}

func serve(links int, delay time.Duration) error {
	organization, err := clones.New(links)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	api := &meter{handler: &clones.Server{Organization: organization, Delay: delay}}
	mux := http.NewServeMux()
	mux.Handle("/v1/", api)
	// The ids of all links, one a line, in LIST order.
	mux.HandleFunc("GET /ids", func(w http.ResponseWriter, _ *http.Request) {
		for i := range links {
			fmt.Fprintln(w, organization.ID(i))
		}
	})
	// What was served since the last such request.
	mux.HandleFunc("GET /served", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(api.read()) //nolint:errcheck // who hung up does not want it
	})
	// Changes one link in a hundred. Answers how many.
	mux.HandleFunc("POST /change", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, organization.Change())
	})
	go func() {
		io.Copy(io.Discard, os.Stdin) //nolint:errcheck // an error is an end too
		os.Exit(0)
	}()
	fmt.Printf("http://%s\n", listener.Addr())
	server := http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	return server.Serve(listener)
}
