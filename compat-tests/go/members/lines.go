package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

func partitions(some map[int32]bool) string {
	words := []string{}
	for _, partition := range slices.Sorted(maps.Keys(some)) {
		words = append(words, fmt.Sprint(partition))
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, ",")
}

func numbers(some map[int32]int64) string {
	words := []string{}
	for _, partition := range slices.Sorted(maps.Keys(some)) {
		words = append(words, fmt.Sprintf("%d=%d", partition, some[partition]))
	}
	return strings.Join(words, ",")
}

func micros() int64 {
	return time.Now().UnixMicro()
}

var speaking sync.Mutex

// say writes one whole line; many members share the stream.
func say(form string, words ...any) {
	speaking.Lock()
	defer speaking.Unlock()
	fmt.Fprintf(os.Stdout, "%d %s\n", micros(), fmt.Sprintf(form, words...))
}
