package stories

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// enterprise puts the story's GitHub behind a company's infrastructure: on a server whose
// name only the company's proxy can resolve, with a certificate of the company's
// authority, which is written to company.pem. FORGE_PORT leads to it directly.
func (s stories) enterprise(ts *testscript.TestScript, _ bool, _ []string) {
	forge, err := url.Parse(s.world(ts).forge.URL())
	ts.Check(err)
	api := httputil.NewSingleHostReverseProxy(forge)
	mux := http.NewServeMux()
	mux.Handle("/api/v3/", http.StripPrefix("/api/v3", api))
	mux.Handle("/api/graphql", http.StripPrefix("/api", api))
	server := httptest.NewTLSServer(mux)
	ts.Defer(server.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("company.pem"), certificate, 0o644))

	proxy := httptest.NewServer(tunnel(server.Listener.Addr().String()))
	ts.Defer(proxy.Close)
	host := "https://" + server.Certificate().DNSNames[0]
	for name, value := range map[string]string{
		"GITHUB_SERVER_URL": host, "GITHUB_API_URL": host + "/api/v3", "GITHUB_GRAPHQL_URL": host + "/api/graphql",
		"HTTPS_PROXY": proxy.URL, "FORGE_PORT": forge.Port(),
	} {
		ts.Setenv(name, value)
	}
}

// tunnel returns a proxy that connects to one address, regardless of the requested name.
func tunnel(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		there, err := net.Dial("tcp", address)
		if err != nil || r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		here, sent, err := http.NewResponseController(w).Hijack()
		if err != nil {
			there.Close()
			return
		}
		go func() {
			defer there.Close()
			_, _ = io.Copy(there, sent) // bytes may have arrived before the hijack
		}()
		defer here.Close()
		_, _ = io.Copy(here, there)
	}
}
