package tell

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Owners remembers which member of a group owns which partitions of one topic, as the members' callbacks say, and notices
// a partition that is handed to a second member while the first still has it.
type Owners struct {
	mutex      sync.Mutex
	byMember   map[string][]int32
	changes    map[string]int
	gone       map[string]bool
	violations []string
}

// NewOwners knows of no member.
func NewOwners() *Owners {
	return &Owners{byMember: map[string][]int32{}, changes: map[string]int{}, gone: map[string]bool{}}
}

// Add says that a member was given partitions.
func (owners *Owners) Add(member string, partitions []int32) {
	owners.mutex.Lock()
	defer owners.mutex.Unlock()
	if owners.gone[member] {
		return
	}
	for other, owned := range owners.byMember {
		for _, partition := range partitions {
			if other != member && slices.Contains(owned, partition) {
				owners.violations = append(owners.violations, fmt.Sprintf("%s was given %d, which %s owns", member, partition, other))
			}
		}
	}
	owners.byMember[member] = append(owners.byMember[member], partitions...)
	owners.changes[member]++
}

// Remove says that partitions were taken from a member.
func (owners *Owners) Remove(member string, partitions []int32) {
	owners.mutex.Lock()
	defer owners.mutex.Unlock()
	if owners.gone[member] {
		return
	}
	owners.byMember[member] = slices.DeleteFunc(owners.byMember[member], func(owned int32) bool { return slices.Contains(partitions, owned) })
	owners.changes[member]++
}

// Forget says that a member is gone, with what it owned; what its callbacks say from now on counts for nothing.
func (owners *Owners) Forget(member string) {
	owners.mutex.Lock()
	defer owners.mutex.Unlock()
	delete(owners.byMember, member)
	owners.gone[member] = true
}

// Of is what a member owns, in order.
func (owners *Owners) Of(member string) []int32 {
	owners.mutex.Lock()
	defer owners.mutex.Unlock()
	return slices.Sorted(slices.Values(owners.byMember[member]))
}

// Changes is how often a member was given or lost partitions.
func (owners *Owners) Changes(member string) int {
	owners.mutex.Lock()
	defer owners.mutex.Unlock()
	return owners.changes[member]
}

// Settled waits until the partitions 0 to `partitions` are owned, in shares of these sizes (in any order), and fails the
// story if a partition was ever owned twice.
func (owners *Owners) Settled(limit time.Duration, partitions int, shares ...int) {
	deadline := time.Now().Add(limit)
	for {
		found, owned, violations := owners.shares()
		if len(violations) > 0 {
			Fail("%v", violations)
		}
		slices.Sort(shares)
		if len(owned) == partitions && slices.Equal(found, shares) {
			return
		}
		if time.Now().After(deadline) {
			Fail("not settled within %v: %v share %v, wanted %v", limit, found, owned, shares)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shares are the sizes of the members' shares and the distinct partitions owned, both in order.
func (owners *Owners) shares() (sizes []int, owned []int32, violations []string) {
	owners.mutex.Lock()
	defer owners.mutex.Unlock()
	for _, partitions := range owners.byMember {
		sizes = append(sizes, len(partitions))
		owned = append(owned, partitions...)
	}
	slices.Sort(sizes)
	slices.Sort(owned)
	return sizes, slices.Compact(owned), slices.Clone(owners.violations)
}
