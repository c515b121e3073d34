// Program franz tells the compatibility stories with franz-go (kgo and kadm).
package main

import (
	"slices"

	"ottla/compat/tell"
)

func main() {
	tell.Main("franz-go", "github.com/twmb/franz-go", slices.Concat(recordStories(), positionStories(), groupStories(), adminStories()))
}
