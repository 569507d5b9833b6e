package app

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
)

// authorities are the variables that name a file of certificates: with the first,
// companies configure self-hosted runners; GitLab's runner sets the second if it knows
// the authority of its own server.
var authorities = []string{"NODE_EXTRA_CA_CERTS", "CI_SERVER_TLS_CA_FILE"}

// HTTPClient returns a client like Go's default one. It uses the proxy in HTTPS_PROXY
// unless NO_PROXY names the host, and trusts the authorities of the system or of
// SSL_CERT_FILE, and those in the files above. Like node, it ignores a file that it
// cannot read: the path may exist only on the host, and not in the action's container.
func HTTPClient(getenv func(string) string) *http.Client {
	trusted, err := x509.SystemCertPool()
	if err != nil {
		return http.DefaultClient
	}
	extended := false
	for _, name := range authorities {
		if extra, err := os.ReadFile(getenv(name)); err == nil && trusted.AppendCertsFromPEM(extra) {
			extended = true
		}
	}
	if !extended {
		return http.DefaultClient
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
	return &http.Client{Transport: transport}
}
