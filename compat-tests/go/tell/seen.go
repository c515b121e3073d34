package tell

import (
	"fmt"
	"sync"
	"time"
)

// Seen remembers the values that the members of a group were handed.
type Seen struct {
	mutex  sync.Mutex
	values map[string]int
}

// NewSeen has seen nothing.
func NewSeen() *Seen { return &Seen{values: map[string]int{}} }

// Add says that a member was handed a value.
func (seen *Seen) Add(value []byte) {
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	seen.values[string(value)]++
}

// All waits until each of the numbers from 0 to before `count` was handed to some member, as often as it may be: a group
// promises at least once.
func (seen *Seen) All(limit time.Duration, count int) {
	var missing []int
	deadline := time.Now().Add(limit)
	for {
		missing = seen.missing(count)
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			Fail("not within %v: %v were handed to nobody", limit, missing)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (seen *Seen) missing(count int) (missing []int) {
	seen.mutex.Lock()
	defer seen.mutex.Unlock()
	for number := range count {
		if seen.values[fmt.Sprint(number)] == 0 {
			missing = append(missing, number)
		}
	}
	return missing
}
