package fakesnow

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json"
)

// Between returns the database behind a server that calls see with each statement. see
// returns Snowflake's reason for refusing the statement, or "". It may be called
// concurrently.
func (d Database) Between(t testing.TB, see func(sql string) (refusal string)) Database {
	t.Helper()
	to := &url.URL{Scheme: "http", Host: net.JoinHostPort(d.Host, strconv.Itoa(d.Port))}
	proxy := httputil.NewSingleHostReverseProxy(to)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if refusal := refusalOf(r.URL.Path, body, see); refusal != nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(refusal)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(between.Close)
	d.Port = between.Listener.Addr().(*net.TCPAddr).Port
	return d
}

// refusalOf returns Snowflake's answer to a refused statement, or nil if it is not
// refused.
func refusalOf(path string, body []byte, see func(string) string) []byte {
	var query struct {
		SQL string `json:"sqlText"`
	}
	if path != "/queries/v1/query-request" || json.Unmarshal(body, &query) != nil {
		return nil
	}
	message := see(query.SQL)
	if message == "" {
		return nil
	}
	answer, err := json.Marshal(map[string]any{
		"success": false, "code": "003001", "message": message,
		"data": map[string]any{"errorCode": "003001", "sqlState": "42501"},
	})
	if err != nil {
		panic(err) // its values are strings
	}
	return answer
}
