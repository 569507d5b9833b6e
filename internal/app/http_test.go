package app

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestACompanysOwnAuthorityIsTrusted(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	dir := t.TempDir()
	company, junk := filepath.Join(dir, "company.pem"), filepath.Join(dir, "junk.pem")
	for path, text := range map[string][]byte{
		company: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		junk:    []byte("not a certificate"),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for file, trusted := range map[string]bool{
		"NODE_EXTRA_CA_CERTS=" + company: true, "CI_SERVER_TLS_CA_FILE=" + company: true, "NODE_EXTRA_CA_CERTS=" + junk: false,
		"NODE_EXTRA_CA_CERTS=" + filepath.Join(dir, "of-the-host.pem"): false, "": false,
	} {
		client := HTTPClient(func(name string) string {
			value, _ := strings.CutPrefix(file, name+"=")
			if value == file {
				return ""
			}
			return value
		})
		answer, err := client.Get(server.URL)
		if err == nil {
			answer.Body.Close()
		}
		if (err == nil) != trusted {
			t.Errorf("%q: got %v, want trust: %v", file, err, trusted)
		}
		if transport, ok := client.Transport.(*http.Transport); ok && transport.Proxy == nil {
			t.Errorf("%q: no request reached the proxy", file)
		}
	}
}
