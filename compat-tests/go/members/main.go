// Members of one group in one process, through franz-go. The lines they obey and write are those of soak-groups/members.py.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	settings := map[string]string{}
	for _, argument := range os.Args[1:] {
		key, value, _ := strings.Cut(argument, "=")
		settings[key] = value
	}
	members := map[string]*member{}
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		command, name, _ := strings.Cut(commands.Text(), " ")
		switch command {
		case "join":
			members[name] = join(name, settings)
		case "leave":
			close(members[name].leaving)
			delete(members, name)
		default:
			panic(fmt.Sprintf("an unknown command: %s", commands.Text()))
		}
	}
	// As a crash would: nobody leaves.
}
