package fakesnow

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// Between returns the database behind a server that calls see with each statement. see
// returns Snowflake's reason for refusing the statement, or "". It may be called
// concurrently.
func (d Database) Between(t testing.TB, see func(sql string) (refusal string)) Database {
	t.Helper()
	return d.between(t, func(sql string) (string, time.Duration) { return see(sql), 0 })
}

// Taking returns the database behind a server whose answer to a statement takes at least the
// time that takes returns. The emulator's own time is part of it.
func (d Database) Taking(t testing.TB, takes func(sql string) time.Duration) Database {
	t.Helper()
	return d.between(t, func(sql string) (string, time.Duration) { return "", takes(sql) })
}

// due is the key of the time at which a request is to be answered.
type due struct{}

func (d Database) between(t testing.TB, see func(sql string) (refusal string, takes time.Duration)) Database {
	t.Helper()
	to := &url.URL{Scheme: "http", Host: net.JoinHostPort(d.Host, strconv.Itoa(d.Port))}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(answer *http.Response) error {
		if at, is := answer.Request.Context().Value(due{}).(time.Time); is {
			time.Sleep(time.Until(at))
		}
		return nil
	}
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.URL.Path == "/queries/v1/query-request" {
			sql, err := statementOf(body, r.Header.Get("Content-Encoding"))
			if err != nil {
				t.Errorf("a statement that cannot be read: %v", err)
			}
			message, takes := see(sql)
			if message != "" {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(refusal(message))
				return
			}
			r = r.WithContext(context.WithValue(r.Context(), due{}, began.Add(takes)))
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(between.Close)
	d.Port = between.Listener.Addr().(*net.TCPAddr).Port
	return d
}

// statementOf returns the SQL of a request. The Go driver sends it as it is, dbt's connector
// compresses it.
func statementOf(body []byte, encoding string) (string, error) {
	if encoding == "gzip" {
		unzip, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		if body, err = io.ReadAll(unzip); err != nil {
			return "", err
		}
	}
	var query struct {
		SQL string `json:"sqlText"`
	}
	err := json.Unmarshal(body, &query)
	return query.SQL, err
}

// refusal returns Snowflake's answer to a refused statement.
func refusal(message string) []byte {
	answer, err := json.Marshal(map[string]any{
		"success": false, "code": "003001", "message": message,
		"data": map[string]any{"errorCode": "003001", "sqlState": "42501"},
	})
	if err != nil {
		panic(err) // its values are strings
	}
	return answer
}
