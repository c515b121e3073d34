package tell

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"time"
)

// failure is what a story panics with when a claim does not hold.
type failure string

// Fail ends the story.
func Fail(format string, arguments ...any) {
	_, file, line, _ := runtime.Caller(2)
	panic(failure(fmt.Sprintf("%s:%d: ", filepath.Base(file), line) + fmt.Sprintf(format, arguments...)))
}

// Check fails the story unless the fact holds.
func Check(fact bool, otherwise string, arguments ...any) {
	if !fact {
		Fail(otherwise, arguments...)
	}
}

// Equal fails the story unless both are the same, nil and empty slices being different things.
func Equal(found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		Fail("found %#v, wanted %#v", found, wanted)
	}
}

// Must fails the story on an error.
func Must(err error) {
	if err != nil {
		Fail("%v", err)
	}
}

// Got is the value of a call that must not fail.
func Got[T any](value T, err error) T {
	if err != nil {
		Fail("%v", err)
	}
	return value
}

// Refused fails the story unless the error is the wanted one.
func Refused(err, wanted error) {
	if !errors.Is(err, wanted) {
		Fail("found error %v, wanted %v", err, wanted)
	}
}

// WaitFor polls until the condition holds; no sleeping to let things settle.
func WaitFor(what string, limit time.Duration, condition func() bool) {
	deadline := time.Now().Add(limit)
	for !condition() {
		if time.Now().After(deadline) {
			Fail("not within %v: %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Unused is a name that nothing had before.
func Unused(prefix string) string {
	return fmt.Sprintf("%s-%010x", prefix, rand.Uint64()>>24)
}
