package tell

import (
	"bufio"
	"fmt"
	"os"
)

var answers = bufio.NewScanner(os.Stdin)

// Restart has the runner stop the broker with SIGTERM and start it again on the same directory and port.
func Restart() { ask("restart") }

// Kill has the runner end the broker with SIGKILL and start it again on the same directory and port.
func Kill() { ask("kill") }

// ask prints what run/program.py listens for and waits for its `ready`.
func ask(what string) {
	fmt.Println("broker " + what)
	if !answers.Scan() || answers.Text() != "ready" {
		Fail("the runner did not %s the broker: %q %v", what, answers.Text(), answers.Err())
	}
}
