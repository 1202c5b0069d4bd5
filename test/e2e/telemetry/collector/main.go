// The OTLP receiver of the OpenTelemetry Collector, with nothing behind it but a line of JSON for each request it took in:
// what it understood, as it says it. While the file that is its argument exists, what it holds is the answer: `busy` for now,
// `refuse` for good.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

func answer() error {
	told, err := os.ReadFile(os.Args[1])
	switch {
	case err != nil:
		return nil
	case strings.TrimSpace(string(told)) == "refuse":
		return consumererror.NewPermanent(errors.New("refused"))
	default:
		return errors.New("busy")
	}
}

func print(line []byte, err error) error {
	if err == nil {
		fmt.Println(string(line))
	}
	return err
}

// A port that was free a moment ago: the receiver does not tell which one it took.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func start(ctx context.Context) (component.Component, string, error) {
	factory := otlpreceiver.NewFactory()
	settings := receiver.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: componenttest.NewNopTelemetrySettings()}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	if len(os.Args) > 2 {
		address = os.Args[2]
	}
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	config.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = address
	traces, err := consumer.NewTraces(func(_ context.Context, told ptrace.Traces) error {
		if refusal := answer(); refusal != nil {
			return refusal
		}
		return print((&ptrace.JSONMarshaler{}).MarshalTraces(told))
	})
	if err != nil {
		return nil, "", err
	}
	metrics, err := consumer.NewMetrics(func(_ context.Context, told pmetric.Metrics) error {
		if refusal := answer(); refusal != nil {
			return refusal
		}
		return print((&pmetric.JSONMarshaler{}).MarshalMetrics(told))
	})
	if err != nil {
		return nil, "", err
	}
	// One receiver of one configuration takes both.
	taken, err := factory.CreateTraces(ctx, settings, config, traces)
	if err != nil {
		return nil, "", err
	}
	if _, err = factory.CreateMetrics(ctx, settings, config, metrics); err != nil {
		return nil, "", err
	}
	return taken, address, taken.Start(ctx, componenttest.NewNopHost())
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	taken, address, err := start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, port, _ := net.SplitHostPort(address)
	fmt.Println(port)
	<-ctx.Done()
	_ = taken.Shutdown(context.Background())
}
