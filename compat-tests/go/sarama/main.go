// Program sarama tells the compatibility stories with IBM's Sarama.
package main

import (
	"slices"

	"ottla/compat/tell"
)

func main() {
	tell.Main("sarama", "github.com/IBM/sarama", slices.Concat(recordStories(), positionStories(), groupStories(), adminStories()))
}
