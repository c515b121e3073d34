package tell

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Cable dials, and can be cut: every connection made through it breaks and none is made any more. What the broker sees is
// a client that vanished without leaving its group.
type Cable struct {
	mutex sync.Mutex
	open  []net.Conn
	isCut bool
}

// DialContext is a client's dialer.
func (cable *Cable) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, network, address)
	cable.mutex.Lock()
	defer cable.mutex.Unlock()
	if cable.isCut {
		if err == nil {
			connection.Close()
		}
		return nil, errors.New("the cable is cut")
	}
	if err == nil {
		cable.open = append(cable.open, connection)
	}
	return connection, err
}

// Dial is DialContext for clients that know no contexts.
func (cable *Cable) Dial(network, address string) (net.Conn, error) {
	return cable.DialContext(context.Background(), network, address)
}

// Cut breaks every connection.
func (cable *Cable) Cut() {
	cable.mutex.Lock()
	defer cable.mutex.Unlock()
	cable.isCut = true
	for _, connection := range cable.open {
		connection.Close()
	}
}
