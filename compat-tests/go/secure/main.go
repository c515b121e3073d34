// Command secure sends a record there and back by franz-go for each case on standard input (compat-tests/security/speakers.py says what a case is).
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const limit = 40 * time.Second

type told struct {
	Case, Bootstrap, Protocol, Mechanism, User, Password, Token, Topic string
	CA                                                                 string `json:"ca"`
	Certificate, Key                                                   string
	IsDelegationToken                                                  bool    `json:"is_delegation_token"`
	StaysS                                                             float64 `json:"stays_s"`
}

type outcome struct {
	Case        string  `json:"case"`
	Error       *string `json:"error"`
	ThrottledMs int64   `json:"throttled_ms"`
}

// throttled keeps the longest time that the client was throttled for.
type throttled struct{ longest atomic.Int64 }

func (t *throttled) OnBrokerThrottle(_ kgo.BrokerMetadata, interval time.Duration, _ bool) {
	t.longest.Store(max(t.longest.Load(), interval.Milliseconds()))
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one told
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		said, told := outcome{Case: one.Case}, &throttled{}
		if err := thereAndBack(one, told); err != nil {
			text := err.Error()
			said.Error = &text
		}
		said.ThrottledMs = told.longest.Load()
		line, _ := json.Marshal(said)
		fmt.Println(string(line))
	}
}

func thereAndBack(one told, waited *throttled) error {
	stays := time.Duration(one.StaysS * float64(time.Second))
	ctx, cancel := context.WithTimeout(context.Background(), limit+stays)
	defer cancel()
	options, err := options(one)
	if err != nil {
		return err
	}
	where := map[string]map[int32]kgo.Offset{one.Topic: {0: kgo.NewOffset().AtStart()}}
	if stays > 0 {
		options = append(options, kgo.RecordRetries(0), kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.WithHooks(waited))
	}
	client, err := kgo.NewClient(append(options, kgo.ConsumePartitions(where))...)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return err
	}
	for end := time.Now().Add(stays); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err := client.ProduceSync(ctx, &kgo.Record{Topic: one.Topic, Value: make([]byte, 10_000)}).FirstErr(); err != nil {
			return err
		}
	}
	if err := client.ProduceSync(ctx, &kgo.Record{Topic: one.Topic, Value: []byte(one.Case)}).FirstErr(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, record := range fetches.Records() {
			if string(record.Value) == one.Case {
				return nil
			}
		}
	}
	return errors.New("the record did not come back")
}

func options(one told) ([]kgo.Opt, error) {
	options := []kgo.Opt{kgo.SeedBrokers(strings.Split(one.Bootstrap, ",")...), kgo.FetchMaxWait(200 * time.Millisecond), kgo.RequestRetries(2), kgo.RecordPartitioner(kgo.ManualPartitioner())}
	if strings.HasSuffix(one.Protocol, "SSL") {
		config, err := encryption(one)
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if one.Mechanism != "" {
		options = append(options, kgo.SASL(mechanism(one)))
	}
	return options, nil
}

func encryption(one told) (*tls.Config, error) {
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	trusted, err := os.ReadFile(one.CA)
	if err != nil {
		return nil, err
	}
	config.RootCAs.AppendCertsFromPEM(trusted)
	if one.Certificate != "" {
		own, err := tls.LoadX509KeyPair(one.Certificate, one.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

func mechanism(one told) sasl.Mechanism {
	salted := scram.Auth{User: one.User, Pass: one.Password, IsToken: one.IsDelegationToken}
	switch one.Mechanism {
	case "PLAIN":
		return plain.Auth{User: one.User, Pass: one.Password}.AsMechanism()
	case "SCRAM-SHA-256":
		return salted.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return salted.AsSha512Mechanism()
	default:
		return oauth.Auth{Token: one.Token}.AsMechanism()
	}
}
