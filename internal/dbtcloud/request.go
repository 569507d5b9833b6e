package dbtcloud

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	// requestTimeout is for one answer; a busy dbt Cloud takes more than 5 s at times.
	requestTimeout = 60 * time.Second
	// downloadTimeout is for an artifact: a manifest may have hundreds of megabytes.
	downloadTimeout = 10 * time.Minute
	// tries is how often a request that changes nothing is sent.
	tries = 6
)

// envelope surrounds every answer.
type envelope[T any] struct {
	Data   T `json:"data"`
	Status struct {
		UserMessage      string `json:"user_message"`
		DeveloperMessage string `json:"developer_message"`
	} `json:"status"`
}

// get reads the data at a path. It repeats the request if that may help.
func get[T any](ctx context.Context, c Client, path string) (data T, err error) {
	err = c.again(ctx, tries, worthRepeating, func() error {
		var answer envelope[T]
		err := c.once(ctx, http.MethodGet, path, nil, func(body io.Reader) error {
			return json.UnmarshalRead(body, &answer, lenient...)
		})
		data = answer.Data
		return err
	})
	return data, err
}

// again calls do until it succeeds, its error is not worth another try, or it was called
// often enough.
func (c Client) again(ctx context.Context, tries int, worth func(error) bool, do func() error) (err error) {
	for try := range tries {
		if err = do(); err == nil || !worth(err) || try == tries-1 {
			return err
		}
		if c.Pause(ctx, pause(err, try)) != nil {
			return err
		}
	}
	return err
}

// pause is how long to wait before the next try: what dbt Cloud asks for, or twice as
// long as before.
func pause(err error, try int) time.Duration {
	const longest = time.Minute
	var refused *refusal
	if errors.As(err, &refused) {
		if seconds, parsed := strconv.Atoi(refused.retry); parsed == nil && seconds >= 0 {
			return min(time.Duration(seconds)*time.Second, longest)
		}
	}
	return min(time.Second<<try, longest)
}

// worthRepeating reports whether the same request may succeed later: the network failed,
// dbt Cloud is overloaded, or it is down for a moment.
func worthRepeating(err error) bool {
	var refused *refusal
	var other *json.SemanticError // an answer of another form stays that
	if !errors.As(err, &refused) {
		return !errors.Is(err, context.Canceled) && !errors.As(err, &other) && !untrusted(err)
	}
	return refused.status == http.StatusTooManyRequests || refused.status >= http.StatusInternalServerError
}

// untrusted reports whether the host's certificate was refused, so that nothing was sent.
func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// once sends one request and passes the body of a success to read.
func (c Client) once(ctx context.Context, method, path string, body any, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return c.send(ctx, method, path, body, read)
}

func (c Client) send(ctx context.Context, method, path string, body any, read func(io.Reader) error) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Host+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "dbt-tally")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("reach dbt Cloud: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		return refused(answer)
	}
	if err := read(answer.Body); err != nil {
		return fmt.Errorf("read the answer of dbt Cloud: %w", err)
	}
	return nil
}

// refused returns the error of an answer, with the first words of its message.
func refused(answer *http.Response) error {
	const most = 300
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	var said envelope[any]
	message := ""
	if json.Unmarshal(text, &said, lenient...) == nil {
		message = strings.TrimSpace(said.Status.UserMessage + " " + said.Status.DeveloperMessage)
	}
	if len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + " …"
	}
	return &refusal{status: answer.StatusCode, message: message, retry: answer.Header.Get("Retry-After")}
}
