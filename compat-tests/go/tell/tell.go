// Package tell is the test harness of the Go clients: stories, named by the keys of compat-tests/stories.toml (where each is
// a sentence that can be false), run one after another against the broker that run/program.py names in BOOTSTRAP.
//
// What it prints is what run/story.py prints, so that the runner counts both alike, and one cell of the matrix per story. A
// story that does not end within its limit has failed, and the next begins.
package tell

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The longest a story may take: several times what the slowest needs on a busy machine.
const limit = 100 * time.Second

// Story judges the claim that its key stands for, and fails by panicking.
type Story struct {
	Key string
	Run func(ctx context.Context)
	// What the client itself cannot do of it; becomes a footnote.
	Remark string
	// Why the client cannot be asked at all; such a story has nothing to run.
	Limit string
}

// Bootstrap is the address of the broker, host:port.
var Bootstrap = os.Getenv("BOOTSTRAP")

// Nodes are the ids of the brokers; topics have a replica on each.
var Nodes = nodes()

func nodes() []int32 {
	count, err := strconv.Atoi(os.Getenv("NODES"))
	if err != nil {
		count = 1
	}
	var ids []int32
	for id := 1; id <= count; id++ {
		ids = append(ids, int32(id))
	}
	return ids
}

// Sorted is a copy in order, to be compared with Nodes.
func Sorted(ids []int32) []int32 {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}

// Main runs the stories whose keys contain one of the program's arguments (all, when there are none), reports them as cells
// of the client that the Go module implements, and ends the process with 1 if any failed.
func Main(client, module string, stories []Story) {
	var cells []string
	passed, failed := 0, 0
	for _, story := range stories {
		chosen := slices.ContainsFunc(os.Args[1:], func(part string) bool { return strings.Contains(story.Key, part) })
		switch {
		case len(os.Args) > 1 && !chosen:
		case story.Limit != "":
			cells = append(cells, fmt.Sprintf("cell %s %s limited %s", client, story.Key, story.Limit))
		case told(story):
			passed++
			cells = append(cells, strings.TrimSpace(fmt.Sprintf("cell %s %s passed %s", client, story.Key, story.Remark)))
		default:
			failed++
			cells = append(cells, fmt.Sprintf("cell %s %s FAILED", client, story.Key))
		}
	}
	fmt.Printf("client %s %s\n%s\nstories: %d passed, %d failed\n", client, version(module), strings.Join(cells, "\n"), passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

// version is the version of a module that this program was built with.
func version(module string) string {
	build, _ := debug.ReadBuildInfo()
	for _, dependency := range build.Deps {
		if dependency.Path == module {
			return strings.TrimPrefix(dependency.Version, "v")
		}
	}
	panic("not built with " + module)
}

func told(story Story) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	began := time.Now()
	outcome := make(chan string, 1)
	go func() { outcome <- problem(ctx, story) }()
	var found string
	select {
	case found = <-outcome:
	case <-time.After(limit + 5*time.Second):
		found = fmt.Sprintf("not done after %v", limit)
	}
	verdict := "ok  "
	if found != "" {
		verdict = "FAIL"
	}
	fmt.Printf("  %s %s (%.2f s)\n", verdict, story.Key, time.Since(began).Seconds())
	if found != "" {
		fmt.Println("       " + strings.ReplaceAll(found, "\n", "\n       "))
	}
	return found == ""
}

// problem is why the story failed, or nothing.
func problem(ctx context.Context, story Story) (found string) {
	defer func() {
		switch panicked := recover().(type) {
		case nil:
		case failure:
			found = string(panicked)
		default:
			found = fmt.Sprintf("%v\n%s", panicked, debug.Stack())
		}
	}()
	story.Run(ctx)
	return ""
}
